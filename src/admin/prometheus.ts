/** `GET /metrics`: prom-client's registry, filled from one look at the balancer each time somebody asks. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { collectDefaultMetrics, type Metric as PromMetric, Registry } from "prom-client";
import type { HistogramSample, Look, Metric } from "./metric.js";
import { METRICS } from "./metric-list.js";

/** Gauges with the suffix of a counter, which promtool complains about; the same figures are there by type. */
const MISNAMED = [
  "nodejs_active_handles_total",
  "nodejs_active_requests_total",
  "nodejs_active_resources_total",
];

/** Values in the form that prom-client's registry writes. */
interface Values {
  readonly name: string;
  readonly help: string;
  readonly type: Metric["type"];
  readonly aggregator: "sum";
  readonly values: readonly {
    readonly labels: Readonly<Record<string, string | number>>;
    readonly value: number;
    readonly metricName?: string;
  }[];
}

export interface Prometheus {
  readonly contentType: string;
  text(): Promise<string>;
}

/**
 * Writes one text at a time, whoever asks: with many backends it takes tens of milliseconds, in pieces, so that a plane on this thread
 * moves datagrams in between.
 * @param look once for each text
 */
export function createPrometheus(look: () => Look): Prometheus {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  let now: Look;
  for (const metric of METRICS) {
    // What the registry asks of a metric is this; its own classes count by themselves and cannot be set.
    const source = { name: metric.name, reset() {}, get: async () => toValues(metric, now) };
    registry.registerMetric(source as unknown as PromMetric);
  }
  const write = async (): Promise<string> => {
    now = look();
    const parts: string[] = [];
    for (const { name } of registry.getMetricsAsArray()) {
      parts.push(await registry.getSingleMetricAsString(name));
      await nextTurn();
    }
    return `${parts.join("\n\n")}\n`;
  };
  let writing: Promise<string> | undefined;
  return {
    contentType: registry.contentType,
    text: () => {
      writing ??= write().finally(() => {
        writing = undefined;
      });
      return writing;
    },
  };
}

function toValues(metric: Metric, look: Look): Values {
  const { name, help, type } = metric;
  const values =
    metric.type === "histogram"
      ? metric.read(look).flatMap((sample) => spreadHistogram(name, sample))
      : metric.read(look).map(([labels, value]) => ({ labels, value }));
  return { name, help, type, aggregator: "sum", values };
}

function spreadHistogram(name: string, { labels, buckets, samples, sum }: HistogramSample): Values["values"] {
  const bounds = buckets.map(({ upTo, samples: value }) => ({ le: String(upTo), value }));
  return [
    ...[...bounds, { le: "+Inf", value: samples }].map(({ le, value }) => ({
      metricName: `${name}_bucket`,
      labels: { ...labels, le },
      value,
    })),
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: samples },
  ];
}

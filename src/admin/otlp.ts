/**
 * Sends the figures to an OpenTelemetry collector, over HTTP with JSON, at an interval. They are cumulative, so what a collector
 * missed is in the next message.
 */
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-http";
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type MetricData,
  type MetricDescriptor,
  type ResourceMetrics,
} from "@opentelemetry/sdk-metrics";
import type { HistogramSample, Labels, Look, Metric } from "./metric.js";
import { METRICS } from "./metric-list.js";

export interface OtlpOptions {
  /** Such as `http://127.0.0.1:4318`. */
  readonly endpoint: string;
  readonly intervalMs: number;
  readonly look: () => Look;
  /** An attempt failed; the next one comes by itself. */
  readonly onFailure: (why: string) => void;
}

export interface Otlp {
  close(): Promise<void>;
}

const MOST_WAIT_MS = 10_000;

export function openOtlp({ endpoint, intervalMs, look, onFailure }: OtlpOptions): Otlp {
  const url = `${endpoint.replace(/\/+$/, "")}/v1/metrics`;
  const exporter = new OTLPMetricExporter({ url, timeoutMillis: MOST_WAIT_MS });
  const startMs = Date.now();
  let isSending = false;
  const send = (): void => {
    if (isSending) return;
    isSending = true;
    exporter.export(toMessage(look(), startMs, Date.now()), ({ error }) => {
      isSending = false;
      if (error !== undefined) onFailure(`${url}: ${error.message}`);
    });
  };
  const timer = setInterval(send, intervalMs).unref();
  return {
    close() {
      clearInterval(timer);
      return exporter.shutdown();
    },
  };
}

function toMessage(look: Look, startMs: number, nowMs: number): ResourceMetrics {
  const attributes = { "service.name": "sluice", "service.version": look.version };
  const resource = { attributes, merge: () => resource, getRawAttributes: () => Object.entries(attributes) };
  const span = { startTime: toTime(startMs), endTime: toTime(nowMs) };
  const metrics = METRICS.map((metric) => toMetricData(metric, look, span)).filter(
    ({ dataPoints }) => dataPoints.length > 0,
  );
  return { resource, scopeMetrics: [{ scope: { name: "sluice", version: look.version }, metrics }] };
}

type Span = Pick<DataPoint<number>, "startTime" | "endTime">;

function toMetricData(metric: Metric, look: Look, span: Span): MetricData {
  const base = { descriptor: describe(metric), aggregationTemporality: AggregationTemporality.CUMULATIVE };
  if (metric.type === "histogram") {
    const dataPoints = metric.read(look).map((sample) => ({ ...span, ...toHistogram(sample) }));
    return { ...base, dataPointType: DataPointType.HISTOGRAM, dataPoints };
  }
  const dataPoints = metric.read(look).map(([attributes, value]) => ({ ...span, attributes, value }));
  return metric.type === "counter"
    ? { ...base, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints }
    : { ...base, dataPointType: DataPointType.GAUGE, dataPoints };
}

/** OpenTelemetry's buckets are not cumulative, and have one more than bounds. */
function toHistogram({ labels, buckets, samples, sum }: HistogramSample): {
  attributes: Labels;
  value: { buckets: { boundaries: number[]; counts: number[] }; sum: number; count: number };
} {
  const cumulative = [...buckets.map((bucket) => bucket.samples), samples];
  const counts = cumulative.map((count, i) => count - (cumulative[i - 1] ?? 0));
  const boundaries = buckets.map(({ upTo }) => upTo);
  return { attributes: labels, value: { buckets: { boundaries, counts }, sum, count: samples } };
}

/** `sluice_listener_requests_total` is `sluice.listener.requests` there: the unit has a field of its own. */
function describe({ name, help }: Metric): MetricDescriptor {
  const plain = name.replace(/_total$/, "");
  const unit = plain.endsWith("_seconds") ? "s" : plain.endsWith("_bytes") ? "By" : "";
  const dotted = plain
    .replace(/_seconds$/, "")
    .replace(/^sluice_((flow_log|[a-z]+)_)?/, (_, __, room?: string) =>
      room === undefined ? "sluice." : `sluice.${room}.`,
    );
  return { name: dotted, description: help, unit, valueType: DOUBLE };
}

/** `ValueType.DOUBLE` of a package that only has types for us. */
const DOUBLE = 1;

function toTime(ms: number): Span["startTime"] {
  return [Math.floor(ms / 1000), Math.floor(ms % 1000) * 1_000_000];
}

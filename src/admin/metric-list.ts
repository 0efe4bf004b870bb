/**
 * Every metric of a balancer, for Prometheus and OTLP alike. Labels are names from the config, and words of fixed lists: never a
 * client, so their number is bounded by the config.
 */
import type { BackendStats, ListenerStats, Stats } from "../api.js";
import { HEALTH_STATES } from "../core/health-state.js";
import { counter, gauge, type HistogramMetric, type Labels, type Metric, type Sample } from "./metric.js";
import { countPoolStates } from "./pools.js";
import { ADMIN_STATES } from "./schema-figures.js";

const ofListener = ({ name }: ListenerStats): Labels => ({ listener: name });
const ofBackend = ({ pool, name }: BackendStats): Labels => ({ pool, backend: name });

function listenerCounter(name: string, help: string, value: (listener: ListenerStats) => number): Metric {
  return counter(`sluice_listener_${name}`, help, ({ stats }) =>
    stats.listeners.map((listener) => [ofListener(listener), value(listener)]),
  );
}

function listenerReasons(
  name: string,
  help: string,
  counts: (listener: ListenerStats) => Readonly<Record<string, number>>,
): Metric {
  return counter(`sluice_listener_${name}`, help, ({ stats }) =>
    stats.listeners.flatMap((listener) =>
      spread(ofListener(listener), "reason", Object.entries(counts(listener))),
    ),
  );
}

function backendCounter(name: string, help: string, value: (backend: BackendStats) => number): Metric {
  return counter(`sluice_backend_${name}`, help, ({ stats }) => eachBackend(stats, value));
}

function backendGauge(name: string, help: string, value: (backend: BackendStats) => number): Metric {
  return gauge(`sluice_backend_${name}`, help, ({ stats }) => eachBackend(stats, value));
}

function eachBackend({ backends }: Stats, value: (backend: BackendStats) => number): Sample[] {
  return backends.map((backend) => [ofBackend(backend), value(backend)]);
}

/** One sample for each value of one more label. */
function spread(labels: Labels, label: string, values: readonly (readonly [string, number])[]): Sample[] {
  return values.map(([name, value]) => [{ ...labels, [label]: name }, value]);
}

const listenerMetrics: readonly Metric[] = [
  listenerCounter("requests_total", "Datagrams that clients sent.", (l) => l.requests.datagrams),
  listenerCounter("request_bytes_total", "Their UDP payload.", (l) => l.requests.bytes),
  listenerCounter("replies_total", "Replies delivered to clients.", (l) => l.replies.datagrams),
  listenerCounter("reply_bytes_total", "Their UDP payload.", (l) => l.replies.bytes),
  listenerReasons("dropped_requests_total", "Requests that were not forwarded, by reason.", (l) => l.drops),
  listenerReasons(
    "dropped_replies_total",
    "Replies that were not delivered, by reason.",
    (l) => l.replyDrops,
  ),
  listenerCounter("queue_drops_total", "Requests that the kernel dropped: full queue.", (l) => l.queueDrops),
  listenerCounter("flows_opened_total", "Flows that were opened.", (l) => l.openedFlows),
  listenerReasons("flows_ended_total", "Flows that ended, by reason.", (l) => l.ended),
  listenerCounter("flows_moved_total", "Flows that went on with another backend.", (l) => l.movedFlows),
  gauge("sluice_listener_flows_active", "Live flows.", ({ stats }) =>
    stats.listeners.map((listener) => [ofListener(listener), listener.activeFlows]),
  ),
];

const replyTime: HistogramMetric = {
  type: "histogram",
  name: "sluice_backend_reply_time_seconds",
  help: "Time from a request to its reply.",
  read: ({ stats }) =>
    stats.backends.map((backend) => ({
      labels: ofBackend(backend),
      buckets: backend.replyTime.buckets.map(({ upToMs, samples }) => ({ upTo: upToMs / 1000, samples })),
      samples: backend.replyTime.samples,
      sum: backend.replyTime.sumMs / 1000,
    })),
};

const backendMetrics: readonly Metric[] = [
  backendCounter("requests_total", "Requests sent to the backend.", (b) => b.requests.datagrams),
  backendCounter("request_bytes_total", "Their UDP payload.", (b) => b.requests.bytes),
  backendCounter("replies_total", "Replies accepted from the backend.", (b) => b.replies.datagrams),
  backendCounter("reply_bytes_total", "Their UDP payload.", (b) => b.replies.bytes),
  backendCounter("queue_drops_total", "Replies that the kernel dropped: full queue.", (b) => b.queueDrops),
  backendCounter("flows_opened_total", "Flows that were opened.", (b) => b.openedFlows),
  backendCounter("refused_total", "Datagrams that did not get there, by ICMP or routes.", (b) => b.refused),
  counter("sluice_backend_refused_by_kind_total", "The same by kind.", ({ stats }) =>
    stats.backends.flatMap((backend) =>
      spread(ofBackend(backend), "kind", Object.entries(backend.refusedBy)),
    ),
  ),
  backendGauge("flows_active", "Live flows.", (b) => b.activeFlows),
  backendGauge("outstanding_requests", "Requests without a reply yet.", (b) => b.outstanding),
  backendGauge("up", "1 when the last evidence of it is good.", (b) => (b.health === "up" ? 1 : 0)),
  gauge("sluice_backend_health_state", "1 for the state of its health.", ({ stats }) =>
    stats.backends.flatMap((backend) =>
      spread(
        ofBackend(backend),
        "state",
        HEALTH_STATES.map((state) => [state, backend.health === state ? 1 : 0]),
      ),
    ),
  ),
  gauge("sluice_backend_admin_state", "1 for the state that an operator gave it.", ({ stats }) =>
    stats.backends.flatMap((backend) =>
      spread(
        ofBackend(backend),
        "state",
        ADMIN_STATES.map((state) => [state, backend.admin === state ? 1 : 0]),
      ),
    ),
  ),
  backendGauge("weight", "Its weight.", (b) => b.weight),
  backendGauge("share", "The part of its weight that it gets.", (b) => b.share),
  counter("sluice_backend_probes_total", "Probes by result.", ({ stats }) =>
    stats.backends.flatMap((backend) => {
      const { probes } = backend;
      if (probes === undefined) return [];
      return spread(ofBackend(backend), "result", [
        ["ok", probes.ok],
        ["failed", probes.failed],
      ]);
    }),
  ),
  gauge("sluice_backend_probe_duration_seconds", "How long the last probe took.", ({ stats }) =>
    stats.backends.flatMap((backend): Sample[] => {
      const lastMs = backend.probes?.lastMs;
      return lastMs === undefined ? [] : [[ofBackend(backend), lastMs / 1000]];
    }),
  ),
  replyTime,
];

const balancerMetrics: readonly Metric[] = [
  gauge("sluice_pool_backends", "Backends of a pool, by state.", ({ stats }) => poolBackends(stats)),
  gauge("sluice_flows_limit", "Most flows at one time.", ({ stats }) => [[{}, stats.flows.max]]),
  gauge("sluice_config_version", "One more for each config put in force.", ({ stats }) => [
    [{}, stats.configVersion],
  ]),
  counter("sluice_config_reloads_total", "Reloads by result.", ({ admin }) =>
    spread({}, "result", Object.entries(admin.reloads)),
  ),
  counter("sluice_worker_restarts_total", "Times a worker was started anew.", ({ stats }) =>
    stats.workers.map(({ index, restarts }) => [{ worker: String(index) }, restarts]),
  ),
  counter("sluice_worker_cpu_seconds_total", "Processor time of a worker's thread.", ({ stats }) =>
    stats.workers.flatMap(({ index, cpuMs }): Sample[] =>
      cpuMs === undefined ? [] : [[{ worker: String(index) }, cpuMs / 1000]],
    ),
  ),
  gauge("sluice_discovery_source_ok", "1 when a source's last attempt worked.", ({ stats }) =>
    stats.sources.map(({ pool, source, state }) => [{ pool, source }, state === "ok" ? 1 : 0]),
  ),
  gauge(
    "sluice_discovery_left_out",
    "Backends of a source's last answer that its pool did not take.",
    ({ stats }) => stats.sources.map(({ pool, source, leftOut }) => [{ pool, source }, leftOut]),
  ),
  counter("sluice_flow_log_lines_total", "Lines written to the flow log.", ({ stats }) =>
    stats.flowLog === undefined ? [] : [[{}, stats.flowLog.lines]],
  ),
  counter("sluice_flow_log_dropped_total", "Lines that the flow log lost.", ({ stats }) =>
    stats.flowLog === undefined ? [] : [[{}, stats.flowLog.dropped]],
  ),
  counter("sluice_admin_requests_total", "Requests to the admin API.", ({ admin }) =>
    [...admin.requests].map(([key, value]) => {
      const [method, status] = key.split(" ");
      return [{ method, status }, value];
    }),
  ),
  gauge("sluice_build_info", "1; its labels say what runs.", ({ stats, version }) => [
    [{ version, node: process.version, plane: stats.plane }, 1],
  ]),
];

/** A pool that a listener uses has its samples also while it has no backends. */
function poolBackends({ listeners, backends }: Stats): Sample[] {
  const pools = new Set([...backends, ...listeners].map(({ pool }) => pool));
  return [...pools].flatMap((pool) => {
    const own = backends.filter((backend) => backend.pool === pool);
    return spread({ pool }, "state", Object.entries(countPoolStates(own)));
  });
}

export const METRICS: readonly Metric[] = [...listenerMetrics, ...backendMetrics, ...balancerMetrics];

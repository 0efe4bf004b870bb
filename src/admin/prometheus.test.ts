import assert from "node:assert/strict";
import { test } from "node:test";
import { buildBackendStats, buildListener, buildStats, NO_DROPS } from "./fake-balancer.testing.js";
import type { Look } from "./metric.js";
import { METRICS } from "./metric-list.js";
import { createPrometheus } from "./prometheus.js";

const look = (backends = 2): Look => ({
  version: "1.2.3",
  admin: { requests: new Map([["GET 200", 4]]), reloads: { ok: 1, failed: 2 } },
  stats: buildStats({
    listeners: [
      buildListener({
        name: 'quote " backslash \\ line\n',
        requests: { datagrams: 12, bytes: 120 },
        drops: { ...NO_DROPS, denied: 3 },
      }),
    ],
    backends: Array.from({ length: backends }, (_, i) =>
      buildBackendStats({
        name: `b${i}`,
        probes: { ok: 5, failed: 1, lastMs: 2, lastError: undefined, sinceMs: 1 },
        replyTime: {
          ...{ samples: 10, meanMs: 1, p50Ms: 1, p90Ms: 1, p99Ms: 1, maxMs: 9, sumMs: 50 },
          buckets: [
            { upToMs: 1, samples: 6 },
            { upToMs: 10, samples: 9 },
          ],
        },
      }),
    ),
  }),
});

test("createPrometheus: every metric with help, type, labels and value; a histogram with all its parts", async () => {
  const text = await createPrometheus(look).text();
  for (const line of [
    "# TYPE sluice_listener_requests_total counter",
    'sluice_listener_requests_total{listener="quote \\" backslash \\\\ line\\n"} 12',
    'sluice_backend_up{pool="web",backend="b0"} 1',
    'sluice_backend_admin_state{pool="web",backend="b1",state="draining"} 0',
    'sluice_backend_probes_total{pool="web",backend="b0",result="failed"} 1',
    'sluice_backend_probe_duration_seconds{pool="web",backend="b0"} 0.002',
    "# TYPE sluice_backend_reply_time_seconds histogram",
    'sluice_backend_reply_time_seconds_bucket{pool="web",backend="b0",le="0.001"} 6',
    'sluice_backend_reply_time_seconds_bucket{pool="web",backend="b0",le="+Inf"} 10',
    'sluice_backend_reply_time_seconds_sum{pool="web",backend="b0"} 0.05',
    'sluice_backend_reply_time_seconds_count{pool="web",backend="b0"} 10',
    'sluice_pool_backends{pool="web",state="up"} 2',
    'sluice_config_reloads_total{result="failed"} 2',
    'sluice_admin_requests_total{method="GET",status="200"} 4',
    'sluice_worker_cpu_seconds_total{worker="0"} 0.0125',
    `sluice_build_info{version="1.2.3",node="${process.version}",plane="portable"} 1`,
  ]) {
    assert.ok(text.split("\n").includes(line), `missing: ${line}`);
  }
  assert.match(text, /^process_cpu_seconds_total /m);
  assert.match(text, /^nodejs_eventloop_lag_seconds /m);
});

test("createPrometheus: looks once for each text, and those who ask meanwhile get the same one", async () => {
  let looks = 0;
  const prometheus = createPrometheus(() => {
    looks++;
    return look();
  });
  const [one, other] = await Promise.all([prometheus.text(), prometheus.text()]);
  assert.equal(looks, 1);
  assert.equal(one, other);
  await prometheus.text();
  assert.equal(looks, 2);
});

test("METRICS: names are unique, labels are the listed ones, and their number follows the config alone", () => {
  assert.equal(new Set(METRICS.map(({ name }) => name)).size, METRICS.length);
  const allowed = new Set(
    "listener pool backend reason kind state result worker source method status version node plane".split(
      " ",
    ),
  );
  const count = (now: Look): number =>
    METRICS.reduce((sum, metric) => {
      const all =
        metric.type === "histogram"
          ? metric.read(now).map(({ labels }) => labels)
          : metric.read(now).map(([labels]) => labels);
      for (const label of all.flatMap(Object.keys)) assert.ok(allowed.has(label), `${metric.name}: ${label}`);
      return sum + all.length;
    }, 0);
  const perBackend = count(look(3)) - count(look(2));
  assert.ok(perBackend > 10 && perBackend < 40, `${perBackend} series for a backend`);
});

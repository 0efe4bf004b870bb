import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { json as readJson } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { buildBackendStats, buildListener, buildStats } from "./fake-balancer.testing.js";
import type { Look } from "./metric.js";
import { openOtlp } from "./otlp.js";

// biome-ignore lint/suspicious/noExplicitAny: the form is what is tested
type Json = any;

interface Collector {
  readonly port: number;
  readonly messages: { readonly path: string; readonly body: Json }[];
  status: number;
}

async function openCollector(t: TestContext): Promise<Collector> {
  const messages: Collector["messages"] = [];
  const server: Server = createServer(async (request, response) => {
    assert.equal(request.headers["content-type"], "application/json");
    messages.push({ path: request.url ?? "", body: await readJson(request) });
    response.statusCode = collector.status;
    response.setHeader("content-type", "application/json");
    response.end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const collector = { port: (server.address() as AddressInfo).port, messages, status: 200 };
  return collector;
}

const look = (): Look => ({
  version: "1.2.3",
  admin: { requests: new Map([["GET 200", 4]]), reloads: { ok: 1, failed: 2 } },
  stats: buildStats({
    flowLog: { lines: 3, dropped: 1 },
    listeners: [buildListener({ requests: { datagrams: 12, bytes: 120 } })],
    backends: [
      buildBackendStats({
        replyTime: {
          ...{ samples: 10, meanMs: 1, p50Ms: 1, p90Ms: 1, p99Ms: 1, maxMs: 9, sumMs: 50 },
          buckets: [
            { upToMs: 1, samples: 6 },
            { upToMs: 10, samples: 9 },
          ],
        },
      }),
    ],
  }),
});

async function until(check: () => boolean): Promise<void> {
  for (let tries = 0; !check(); tries++) {
    assert.ok(tries < 6_000, "waited a minute");
    await delay(10);
  }
}

test("openOtlp: the figures as OTLP has them, again and again", async (t) => {
  const collector = await openCollector(t);
  const failures: string[] = [];
  const endpoint = `http://127.0.0.1:${collector.port}/`;
  const otlp = openOtlp({ endpoint, intervalMs: 50, look, onFailure: (why) => failures.push(why) });
  t.after(() => otlp.close());
  await until(() => collector.messages.length >= 2);
  const [{ path, body }] = collector.messages as [Collector["messages"][0]];
  assert.equal(path, "/v1/metrics");
  const [{ resource, scopeMetrics }] = body.resourceMetrics;
  assert.deepEqual(resource.attributes, [
    { key: "service.name", value: { stringValue: "sluice" } },
    { key: "service.version", value: { stringValue: "1.2.3" } },
  ]);
  const metrics = new Map<string, Json>(scopeMetrics[0].metrics.map((metric: Json) => [metric.name, metric]));
  const requests = metrics.get("sluice.listener.requests");
  assert.equal(requests.sum.isMonotonic, true);
  assert.equal(requests.sum.aggregationTemporality, 2);
  assert.equal(requests.sum.dataPoints[0].asDouble, 12);
  assert.deepEqual(requests.sum.dataPoints[0].attributes, [
    { key: "listener", value: { stringValue: "dns" } },
  ]);
  const times = metrics.get("sluice.backend.reply_time");
  assert.equal(times.unit, "s");
  const [point] = times.histogram.dataPoints;
  assert.deepEqual(point.explicitBounds, [0.001, 0.01]);
  assert.deepEqual(point.bucketCounts.map(Number), [6, 3, 1]);
  assert.deepEqual([Number(point.count), point.sum], [10, 0.05]);
  assert.equal(metrics.get("sluice.flows.limit").gauge.dataPoints[0].asDouble, 1000);
  assert.equal(metrics.get("sluice.flow_log.lines").sum.dataPoints[0].asDouble, 3);
  assert.ok(
    [...metrics.keys()].every((name) => /^sluice(\.[a-z_]+)+$/.test(name)),
    [...metrics.keys()].join(),
  );
  assert.deepEqual(failures, []);
});

test("openOtlp: a collector that refuses or is away is told of, and gets the next message", async (t) => {
  const collector = await openCollector(t);
  collector.status = 400;
  const failures: string[] = [];
  const endpoint = `http://127.0.0.1:${collector.port}`;
  const otlp = openOtlp({ endpoint, intervalMs: 50, look, onFailure: (why) => failures.push(why) });
  await until(() => failures.length > 0);
  assert.match(failures[0]!, new RegExp(`^${endpoint}/v1/metrics: `));
  collector.status = 200;
  const before = collector.messages.length;
  await until(() => collector.messages.length > before + 1);
  await otlp.close();
});

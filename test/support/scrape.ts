/** A real balancer with everything that has a metric of its own, and what it says at `/metrics`. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { startBalancer } from "#src/balancer.js";
import { createAsker } from "./admin-client.js";
import { openBackend } from "./backends.js";
import { createTemporaryFolder } from "./temporary-folder.js";
import { UdpPeer } from "./udp-peer.js";
import { eventually } from "./waiting.js";

export interface ScrapedMetric {
  readonly type: string;
  readonly help: string;
  /** Label names of its samples, sorted; `le` of a histogram is left out. Undefined where it has no samples. */
  readonly labels: readonly string[] | undefined;
}

/** Name → metric, of a balancer on which a request, a probe, a flow's end and a discovery have happened. */
export async function scrapeEverything(t: TestContext): Promise<ReadonlyMap<string, ScrapedMetric>> {
  const folder = createTemporaryFolder((remove) => t.after(remove));
  writeFileSync(join(folder, "more.yaml"), "[]");
  const backend = await openBackend(t, "a");
  const balancer = await startBalancer(
    {
      listeners: [{ name: "dns", address: "127.0.0.1:0", session: { requests: 1, responses: 1 } }],
      pools: [
        {
          name: "web",
          affinity: "client",
          backends: [backend.entry],
          health: { probe: "udp", interval: "100ms", timeout: "50ms" },
          discover: [{ file: join(folder, "more.yaml") }],
        },
      ],
      admin: { listen: "127.0.0.1:0" },
      flowLog: { file: join(folder, "flows.jsonl") },
    },
    {},
  );
  t.after(() => balancer.close({ graceMs: 0 }));
  const client = await UdpPeer.open(t);
  await client.ask("question", balancer.listeners[0]!.address);
  const ask = createAsker(balancer.adminAddresses[0]!);
  return eventually(async () => {
    const { text } = await ask("/metrics");
    assert.match(text, /^sluice_backend_probe_duration_seconds\{/m);
    assert.match(text, /^sluice_flow_log_lines_total 1$/m);
    assert.match(text, /^sluice_admin_requests_total\{/m);
    return parseMetrics(text);
  });
}

/** Prometheus' text format, as far as names and labels go. */
export function parseMetrics(text: string): Map<string, ScrapedMetric> {
  const metrics = new Map<string, ScrapedMetric>();
  for (const [, name, help] of text.matchAll(/^# HELP (\S+) (.*)$/gm)) {
    const type = new RegExp(`^# TYPE ${name} (\\w+)$`, "m").exec(text)?.[1] ?? "";
    metrics.set(name!, { type, help: help!, labels: labelsOf(text, name!, type) });
  }
  return metrics;
}

function labelsOf(text: string, name: string, type: string): string[] | undefined {
  const sample = type === "histogram" || type === "summary" ? `${name}_(?:sum|count)` : name;
  const samples = [...text.matchAll(new RegExp(`^${sample}(?:\\{(.*)\\})? `, "gm"))];
  if (samples.length === 0) return undefined;
  const names = samples.flatMap(([, labels = ""]) => [...labels.matchAll(/(\w+)="/g)].map(([, one]) => one!));
  return [...new Set(names)].sort();
}

/** Real servers for tests of probes: a free port, a directory for their config, and an orderly end. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { parseConfig } from "#src/config/parse-config.js";
import { parseEndpoint } from "#src/core/address.js";
import { createProbe } from "#src/health/create-probe.js";
import type { ProbeResult } from "#src/health/probe.js";
import { freePorts } from "./free-ports.js";
import { RunningProcess } from "./run-cli.js";

const DEADLINE_MS = 90_000;
/** A busy machine takes its time to answer; what is refused is known at once. */
const PROBE_TIMEOUT_MS = 10_000;
const RETRY_MS = 50;

/** A UDP port that is free on 127.0.0.1. */
export async function findFreePort(): Promise<number> {
  return (await freePorts(1))[0]!;
}

/** A directory of the test's own with these files in it; returns its path. */
export function createDirectory(t: TestContext, files: Readonly<Record<string, string>> = {}): string {
  const directory = mkdtempSync(join(tmpdir(), "sluice-probe-"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Starts a server that ends with the test at the latest, and all its children with it. */
export function startServer(t: TestContext, program: string, args: readonly string[]): RunningProcess {
  return new RunningProcess(t, program, args, { group: true });
}

/** Ends a server: asked first, then with all its children (kamailio's have been seen to hang in their exit). */
export async function stopServer(server: RunningProcess): Promise<void> {
  server.signal("SIGTERM");
  await Promise.race([server.ended(), sleep(3_000, undefined, { ref: false })]).catch(() => {});
  await server.kill();
}

/** Runs a probe, as a config has it, once against a port of 127.0.0.1. */
export function runProbe(probe: unknown, port: number, timeoutMs = PROBE_TIMEOUT_MS): Promise<ProbeResult> {
  const config = parseConfig({ listen: "127.0.0.1:1", backends: ["127.0.0.1:2"], health: { probe } });
  const { health } = config.pools[0]!;
  const target = parseEndpoint(`127.0.0.1:${port}`);
  return createProbe(health!.probe).run(target, timeoutMs, new AbortController().signal);
}

/** Repeats a probe until its result will do, as long as a server may take to start; throws with the last reason. */
export async function probeUntil(
  isDone: (result: ProbeResult) => boolean,
  probe: unknown,
  port: number,
  server: RunningProcess,
): Promise<ProbeResult> {
  const deadlineMs = performance.now() + DEADLINE_MS;
  for (;;) {
    const result = await runProbe(probe, port);
    if (isDone(result)) return result;
    if (performance.now() > deadlineMs) {
      throw new Error(`not in time, the last one: ${result.reason}\n${server.stdout}\n${server.stderr}`);
    }
    await sleep(RETRY_MS);
  }
}

/** The same until a probe is ok. */
export function probeUntilOk(probe: unknown, port: number, server: RunningProcess): Promise<ProbeResult> {
  return probeUntil(({ ok }) => ok, probe, port, server);
}

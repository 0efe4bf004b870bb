/** The real command with its page, in a process of its own, and traffic through it. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { type Backend, openBackend } from "../support/backends.js";
import { RunningCli } from "../support/run-cli.js";
import { openSteadyTraffic } from "../support/steady-traffic.js";
import { createTemporaryFolder } from "../support/temporary-folder.js";

export interface WatchedBalancer {
  readonly cli: RunningCli;
  /** Of the page, with a slash at its end. */
  readonly url: string;
  /** Of the listeners, in their order. */
  readonly ports: readonly number[];
  readonly configFile: string;
}

/** Starts `sluice run` with a config, to which `admin` is added when it has none. It ends with the test. */
export async function startWatched(
  t: TestContext,
  config: Record<string, unknown>,
): Promise<WatchedBalancer> {
  const folder = createTemporaryFolder((remove) => t.after(remove));
  const configFile = join(folder, "sluice.json");
  writeFileSync(configFile, JSON.stringify({ admin: { listen: "127.0.0.1:0" }, ...config }, null, 2));
  const cli = new RunningCli(t, [configFile]);
  const ports = await cli.ready();
  const { admin } = (await cli.waitForLog("admin API open")) as unknown as { admin: string[] };
  return { cli, url: `http://${admin[0]}/`, ports, configFile };
}

export interface Scene extends WatchedBalancer {
  /** In the pool `web`, named a, b and c, with affinity by client. */
  readonly backends: readonly Backend[];
}

/**
 * One listener `edge`, three backends, and 12 clients that ask all the time.
 * @param pool what the pool has beside its name, affinity and backends
 * @param more what the config has beside listeners and pools
 */
export async function startScene(
  t: TestContext,
  { pool = {}, ...more }: { readonly pool?: object; readonly [key: string]: unknown } = {},
): Promise<Scene> {
  const backends = await Promise.all(["a", "b", "c"].map((name) => openBackend(t, name)));
  const watched = await startWatched(t, {
    listeners: [{ name: "edge", address: "127.0.0.1:0", pool: "web" }],
    pools: [{ name: "web", affinity: "client", ...pool, backends: backends.map(({ entry }) => entry) }],
    ...more,
  });
  const traffic = await openSteadyTraffic(t, `127.0.0.1:${watched.ports[0]}`, {
    clients: 12,
    everyMs: 40,
    // Scenes in which backends fail go on.
    mostUnanswered: Number.POSITIVE_INFINITY,
  });
  await traffic.answered(24);
  return { ...watched, backends };
}

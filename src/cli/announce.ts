/**
 * What `sluice run` logs once it is ready: its listeners with the ports really bound, its pools, and its plane.
 */
import type { Balancer } from "../api.js";
import { formatAffinity } from "../config/affinity.js";
import type { Config, PoolConfig } from "../config/config.js";
import { formatProblem, type Problem } from "../config/config-error.js";
import type { Logger } from "./logger.js";

/** The last line, `ready`, is for programs: it names every listener and the address that it is bound to. */
export function logReady(log: Logger, balancer: Balancer, config: Config): void {
  for (const { name, address } of balancer.listeners) {
    const pool = config.listeners.find((listener) => listener.name === name)?.pool;
    log.info({ listener: name, address, pool }, "listening");
  }
  for (const pool of config.pools) {
    const { name, policy, affinity } = pool;
    log.info(
      { pool: name, policy, affinity: formatAffinity(affinity), backends: describeBackends(pool) },
      "balancing",
    );
  }
  const notes = balancer.planeNotes;
  log.info({ plane: balancer.plane, ...(notes.length > 0 && { notes }) }, "plane chosen");
  const listeners = balancer.listeners.map(({ name, address }) => ({ name, address }));
  log.info({ listeners, plane: balancer.plane }, "ready");
}

export function logWarnings(log: Logger, warnings: readonly Problem[]): void {
  for (const warning of warnings) log.warn({ problem: warning }, formatProblem(warning));
}

/** A backend as the command line writes it, without what is the default. */
function describeBackends(pool: PoolConfig): readonly string[] {
  return pool.backends.map(({ name, addressText, weight, state }) =>
    [
      addressText,
      ...(name === addressText ? [] : [`name=${name}`]),
      ...(weight === 1 ? [] : [`weight=${weight}`]),
      ...(state === "enabled" ? [] : [`state=${state}`]),
    ].join(","),
  );
}

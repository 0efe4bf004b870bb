/**
 * What `sluice run` logs once it is ready: its listeners with the ports really bound, its pools, and its plane; and what
 * the balancer tells from then on.
 */
import type { Balancer, OperatorAction } from "../api.js";
import { formatAffinity } from "../config/affinity.js";
import type { Config, PoolConfig } from "../config/config.js";
import { formatProblem, type Problem } from "../config/config-error.js";
import { describeSource } from "../config/discover.js";
import type { SluiceError } from "../core/errors.js";
import { isWell } from "../core/health-state.js";
import { RateLimit } from "../rate-limit.js";
import type { Logger } from "./logger.js";

/** Anybody on the machine can cause these. */
const REFUSALS_EVERY_MS = 10_000;

/** The last line, `ready`, is for programs: it names every listener and the address that it is bound to. */
export function logReady(log: Logger, balancer: Balancer, config: Config): void {
  for (const { name, address } of balancer.listeners) {
    const pool = config.listeners.find((listener) => listener.name === name)?.pool;
    log.info({ listener: name, address, pool }, "listening");
  }
  for (const pool of config.pools) {
    const { name, policy, affinity } = pool;
    log.info(
      {
        ...{ pool: name, policy, affinity: formatAffinity(affinity), backends: describeBackends(pool) },
        ...(pool.discover.length > 0 && { discover: describeSources(balancer, pool) }),
      },
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

export function logEvents(log: Logger, balancer: Balancer): void {
  balancer.on("warning", ({ code, message }) => log.warn({ code }, message));
  balancer.on("discovery", ({ pool, source, added, removed, changed }) => {
    const lists = Object.entries({ added, removed, changed }).filter(([, names]) => names.length > 0);
    log.info({ pool, source, ...Object.fromEntries(lists) }, "discovered");
  });
  balancer.on("operator", (action) => logOperator(log, action));
  const refusals = new RateLimit(REFUSALS_EVERY_MS);
  balancer.on("reloadFailed", (error) => {
    const { code, message } = error as Partial<SluiceError>;
    if (code !== "TOKEN_NEEDED" || !refusals.allows(code, performance.now())) return;
    log.warn({ code }, `a config from a caller without a token was refused: ${message}`);
  });
  balancer.on("backend", ({ pool, backend, health, admin, ...state }) => {
    const isBad = !isWell(health);
    const level = isBad && health !== "half-open" ? "warn" : "info";
    const is = isBad || admin === "enabled" ? health : admin;
    log[level]({ backend: `${pool}/${backend}`, health, admin, ...state }, `backend is ${is}`);
  });
}

/** What this program does by itself, such as a reload on SIGHUP, has its own line. */
function logOperator(log: Logger, { action, target, by, from, detail }: OperatorAction): void {
  if (by === "program") return;
  const what = { action, ...(target && { target }), ...(detail && { detail }) };
  log.info({ ...what, by, ...(from !== undefined && { from }) }, "operator action");
}

/** Each source with how many backends it has given so far. */
function describeSources(balancer: Balancer, pool: PoolConfig): readonly string[] {
  const { sources } = balancer.stats();
  return pool.discover.map((config) => {
    const source = describeSource(config);
    const found = sources.find((one) => one.pool === pool.name && one.source === source)?.backends ?? 0;
    return `${source} (${found} ${found === 1 ? "backend" : "backends"})`;
  });
}

/** A backend as the command line writes it, without what is the default. */
function describeBackends(pool: PoolConfig): readonly string[] {
  return pool.backends.map(({ name, addressText, weight, state, backup }) =>
    [
      addressText,
      ...(name === addressText ? [] : [`name=${name}`]),
      ...(weight === 1 ? [] : [`weight=${weight}`]),
      ...(state === "enabled" ? [] : [`state=${state}`]),
      ...(backup ? ["backup"] : []),
    ].join(","),
  );
}

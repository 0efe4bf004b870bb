/** A config as a file in full form would say it: plain JSON, units as text, every default, secrets left out. */

import { type AdminConfig, type MetricsConfig, REDACTED, type TokenConfig } from "./admin-config.js";
import { formatAffinity } from "./affinity.js";
import type { BackendConfig, Config, ListenerConfig, PoolConfig } from "./config.js";
import { describeHealth } from "./describe-health.js";
import type { SourceConfig } from "./discover.js";
import { asFields, asList, DEFAULT_POOL, type Fields } from "./draft.js";
import type { GuardConfig } from "./guard-config.js";
import { formatByteRate, formatRate } from "./rates.js";
import { formatDuration, formatSize } from "./units.js";

/** Parsed again, with `restoreSecrets`, it gives the same config but for `file`. */
export function describeConfig(config: Config): Fields {
  const { listeners, pools, limits, shutdown, plane, workers, admin, flowLog, metrics } = config;
  return {
    listeners: listeners.map(describeListener),
    pools: pools.map(describePool),
    limits: {
      maxFlows: numberOr(limits.maxFlows, "auto"),
      maxFlowsPerClientIp: numberOr(limits.maxFlowsPerClientIp, "none"),
      onFull: limits.onFull,
    },
    shutdown: { grace: formatDuration(shutdown.graceMs) },
    plane,
    workers: numberOr(workers, "auto"),
    ...(admin && { admin: describeAdmin(admin) }),
    ...(flowLog && { flowLog: { ...flowLog } }),
    ...(metrics && { metrics: describeMetrics(metrics) }),
  };
}

/**
 * Puts the running secrets back into a config that has `[redacted]` where they were, in full or short form. What cannot
 * be found stays, and the schema refuses it.
 */
export function restoreSecrets(input: unknown, running: Config): unknown {
  if (typeof input !== "object" || input === null || Array.isArray(input)) return input;
  const fields = asFields(input);
  return {
    ...fields,
    ...(fields.admin !== undefined && { admin: restoreTokens(fields.admin, running.admin) }),
    ...(Array.isArray(fields.pools) && {
      pools: asList(fields.pools).map((pool) => restorePool(pool, running)),
    }),
    ...(fields.health !== undefined && { health: restoreProbe(fields.health, running.pools[0]) }),
  };
}

function restoreTokens(admin: unknown, running: AdminConfig | undefined): unknown {
  if (typeof admin !== "object" || admin === null || Array.isArray(admin)) return admin;
  const tokens = (["token", "readToken"] as const).flatMap((key) => {
    const token = running?.[key];
    return asFields(admin)[key] === REDACTED && token?.kind === "text" ? [[key, token.text]] : [];
  });
  return { ...admin, ...Object.fromEntries(tokens) };
}

function restorePool(pool: unknown, running: Config): unknown {
  const { name = DEFAULT_POOL, health } = asFields(pool);
  if (health === undefined) return pool;
  const before = running.pools.find((one) => one.name === name);
  return { ...asFields(pool), health: restoreProbe(health, before) };
}

function restoreProbe(health: unknown, pool: PoolConfig | undefined): unknown {
  const probe = pool?.health?.probe;
  const written = asFields(asFields(health).probe);
  if (written.secret !== REDACTED || probe?.type !== "radius" || !("text" in probe.secret)) return health;
  return { ...asFields(health), probe: { ...written, secret: probe.secret.text } };
}

function describeListener(listener: ListenerConfig): Fields {
  const { name, addressText, pool, ipv6Only, session, guard } = listener;
  return {
    // A default name may have a # in it, which nobody can write.
    ...(name !== addressText && !name.startsWith(`${addressText}#`) && { name }),
    address: addressText,
    pool,
    ipv6Only,
    session: {
      idleTimeout: formatDuration(session.idleTimeoutMs),
      maxLifetime: durationOrNone(session.maxLifetimeMs),
      requests: numberOr(session.requests, "none"),
      responses: numberOr(session.responses, "none"),
    },
    ...(guard && { guard: describeGuard(guard) }),
    receiveBuffer: formatSize(listener.receiveBufferBytes),
    sendBuffer: formatSize(listener.sendBufferBytes),
  };
}

function describeGuard({ written, perClient, perNetwork, amplification, maxTracked }: GuardConfig): Fields {
  const { deny, allow, exempt, denyFile, allowFile } = written;
  return {
    ...{ deny: [...deny], allow: [...allow], exempt: [...exempt], denyFile, allowFile },
    perClient: describeRates(perClient),
    perNetwork: describeRates(perNetwork),
    amplification: numberOr(amplification, "none"),
    maxTracked,
  };
}

function describeRates(rates: GuardConfig["perClient"]): Fields {
  const { prefix4, prefix6, datagramsPerS, bytesPerS, newFlowsPerS, burstMs } = rates;
  return {
    prefix4,
    prefix6,
    datagrams: datagramsPerS === 0 ? "none" : formatRate(datagramsPerS),
    bytes: bytesPerS === 0 ? "none" : formatByteRate(bytesPerS),
    newFlows: newFlowsPerS === 0 ? "none" : formatRate(newFlowsPerS),
    burst: formatDuration(burstMs),
  };
}

function describePool(pool: PoolConfig): Fields {
  const { name, policy, affinity, maglevTableSize, failOpen, failover, health, passive, slowStartMs } = pool;
  return {
    name,
    policy,
    affinity: formatAffinity(affinity),
    maglevTableSize,
    failOpen,
    failover: { ...failover },
    ...(health && { health: describeHealth(health) }),
    passive: { ...passive },
    slowStart: durationOrNone(slowStartMs),
    backends: pool.backends.map(describeBackend),
    discover: pool.discover.map(describeSource),
  };
}

function describeBackend({ name, addressText, weight, state, backup }: BackendConfig): Fields {
  // Where the name is the address, that may have characters that no written name has.
  return { ...(name !== addressText && { name }), address: addressText, weight, state, backup };
}

function describeSource(source: SourceConfig): Fields {
  if (source.kind === "file") return { file: source.path };
  const { kind, name, family, resolvers, minIntervalMs, maxIntervalMs, namePrefix } = source;
  const shared = {
    family,
    ...(resolvers.length > 0 && { resolvers: [...resolvers] }),
    minInterval: formatDuration(minIntervalMs),
    maxInterval: formatDuration(maxIntervalMs),
    ...(namePrefix !== "" && { namePrefix }),
  };
  if (kind === "srv") return { srv: name, ...shared };
  return { dns: `${name}:${source.port}`, weight: source.weight, backup: source.backup, ...shared };
}

function describeAdmin({ listen, token, readToken, tls, hosts }: AdminConfig): Fields {
  return {
    listen: listen.length === 1 ? listen[0].text : listen.map(({ text }) => text),
    ...(token && { token: describeToken(token) }),
    ...(readToken && { readToken: describeToken(readToken) }),
    ...(tls && { tls: { ...tls } }),
    hosts: [...hosts],
  };
}

function describeToken(token: TokenConfig): unknown {
  if (token.kind === "env") return { env: token.name };
  return token.kind === "file" ? { file: token.path } : REDACTED;
}

function describeMetrics({ otlp }: MetricsConfig): Fields {
  return otlp === undefined
    ? {}
    : { otlp: { endpoint: otlp.endpoint, interval: formatDuration(otlp.intervalMs) } };
}

function numberOr(value: number, wordForZero: string): number | string {
  return value === 0 ? wordForZero : value;
}

function durationOrNone(ms: number): string {
  return ms === 0 ? "none" : formatDuration(ms);
}

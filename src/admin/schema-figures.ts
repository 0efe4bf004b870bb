/** The schemas of the figures that several answers of the API have in common. A number that does not exist is `null`. */
import { z } from "zod";
import { FLOW_ENDS } from "../core/counters.js";
import { DROP_REASONS } from "../core/drop-reason.js";
import { HEALTH_STATES } from "../core/health-state.js";
import { REFUSAL_KINDS } from "../core/refusal-kind.js";

/** A count that only grows, or a number of things: exact up to 2^53. */
export const count = z.number().nonnegative();
export const milliseconds = z.number();
/** ISO 8601, UTC. */
export const moment = z.iso.datetime().describe("A moment: ISO 8601 in UTC.");

export const ADMIN_STATES = ["enabled", "draining", "disabled"] as const;
/** Of a backend in its pool: what an operator asked for goes before its health. */
export const POOL_STATES = [...HEALTH_STATES, "draining", "disabled"] as const;
export type PoolState = (typeof POOL_STATES)[number];
export const adminState = z.enum(ADMIN_STATES);
export const healthState = z
  .enum(HEALTH_STATES)
  .describe(
    "`untried`: no evidence yet. `up`: the last evidence is good. `failing`: it is bad, but the backend stays in rotation. " +
      "`ejected`: refusals or silence took it out. `half-open`: it is being tried after that. `down`: probes took it out.",
  );
export const dropReason = z.enum(DROP_REASONS);

export const traffic = z
  .object({ datagrams: count, bytes: count })
  .describe("Datagrams and bytes (UDP payload) of one direction.");
export const drops = z.record(dropReason, count).describe("Counts by drop reason.");
export const flowEnds = z.record(z.enum(FLOW_ENDS), count).describe("Ended flows by why they ended.");

export const listenerView = z
  .object({
    name: z.string(),
    address: z.string().describe("The address really bound."),
    pool: z.string(),
    requests: traffic,
    replies: traffic,
    activeFlows: count,
    openedFlows: count,
    movedFlows: count.describe("Times a client went on with another backend in the middle of its flow."),
    ended: flowEnds,
    queueDrops: count.describe("Datagrams the kernel dropped because the receive queue was full."),
    drops,
    replyDrops: drops,
  })
  .describe("A listener and its figures.");

export const replyTimeView = z
  .object({
    samples: count,
    meanMs: milliseconds.nullable(),
    p50Ms: milliseconds.nullable(),
    p90Ms: milliseconds.nullable(),
    p99Ms: milliseconds.nullable(),
    maxMs: milliseconds.nullable(),
    sumMs: milliseconds,
    buckets: z
      .array(z.object({ upToMs: milliseconds, samples: count }))
      .describe("Cumulative counts at fixed bounds, 0.1 ms to 10 s."),
  })
  .describe("Reply times since the start, from a histogram with buckets at most 6.25 % wide.");

export const probesView = z
  .object({
    ok: count,
    failed: count,
    lastMs: milliseconds.nullable().describe("How long the last one took."),
    lastError: z.string().nullable(),
    sinceMs: milliseconds.nullable().describe("Since the last one ended."),
  })
  .describe("What a backend's probes found.");

export const backendView = z
  .object({
    pool: z.string(),
    name: z.string(),
    address: z.string(),
    weight: count,
    admin: adminState,
    health: healthState,
    reason: z.string().describe("Why it is in this state, for people."),
    stateForMs: milliseconds,
    share: z
      .number()
      .describe("The part of its weight that it gets: less than 1 while half-open and in a slow start."),
    backup: z.boolean(),
    requests: traffic,
    replies: traffic,
    activeFlows: count,
    openedFlows: count,
    outstanding: count.describe("Requests of live flows that have had no reply yet."),
    refused: count.describe(
      "Datagrams that did not get there: ICMP destination unreachable of any kind, or no route.",
    ),
    refusedBy: z
      .record(z.enum(REFUSAL_KINDS), count)
      .describe("The same by kind; `port` is nobody listening there."),
    queueDrops: count,
    replyTime: replyTimeView,
    probes: probesView.nullable().describe("null where its pool has no probe."),
  })
  .describe("A backend, its state and its figures.");

export const poolView = z
  .object({
    name: z.string(),
    policy: z.string(),
    affinity: z.string(),
    failOpen: z.boolean(),
    backends: z.array(z.string()).describe("Their names."),
    total: count.describe("Backends."),
    up: count.describe("Backends that are enabled and up."),
    states: z
      .record(z.enum(POOL_STATES), count)
      .describe("Backends in each state; what an operator asked for goes before health."),
    requests: traffic,
    replies: traffic,
    activeFlows: count,
    openedFlows: count,
    outstanding: count,
    refused: count,
    queueDrops: count,
  })
  .describe("A pool and the sums of its backends' figures.");

export const sourceView = z
  .object({
    pool: z.string(),
    source: z.string(),
    state: z.enum(["ok", "failing", "waiting"]),
    backends: count,
    leftOut: count.describe("Backends of the last answer that the pool did not take: a warning says why."),
    lastError: z.string().nullable(),
    sinceChangeMs: milliseconds.nullable(),
    nextRefreshMs: milliseconds.nullable(),
  })
  .describe("One source that a pool takes backends from.");

export const workerView = z
  .object({
    index: count,
    state: z.enum(["running", "restarting"]),
    restarts: count,
    cpuMs: milliseconds.nullable(),
  })
  .describe("A worker thread of the plane, or the main thread where the plane has none.");

/** What a load is, and what came of it: plain data that passes between the main thread and the worker. */
import type { Endpoint } from "../core/address.js";
import { isLoopback } from "../core/address.js";
import { SluiceError } from "../core/errors.js";
import { DNS_HEAD_BYTES } from "./dns.js";
import { MIN_PAYLOAD_BYTES } from "./payload.js";

/** Largest UDP payload over IPv4. */
export const MAX_PAYLOAD_BYTES = 65_507;
const LOSS_TIMEOUT_MS = 1000;

/** The load itself. */
export interface LoadPlan {
  readonly target: Endpoint;
  /** Connected sockets, each its own client to the target. 1 to 60,000. Default 8. */
  readonly clients?: number;
  /** Closed loop: datagrams without a reply at any time, over all clients, at least one each. Default 256. */
  readonly inFlight?: number;
  /** UDP payload, from 24 (what our header needs; with `dns` 63) to 65,507 bytes. Default 64. */
  readonly sizeBytes?: number;
  /**
   * Open loop: datagrams a second on a fixed schedule, whatever the target does. A reply time then counts from when
   * the datagram was due, so that a stalled target or generator shows (no coordinated omission).
   */
  readonly ratePerSecond?: number;
  /** Default 10,000. */
  readonly durationMs?: number;
  /** Comes before `durationMs` and counts in no rate, reply time or CPU figure, but in all counts. Default 500. */
  readonly warmupMs?: number;
  /** Sends bursts as one message (UDP_SEGMENT) and takes them so (UDP_GRO). Default false. */
  readonly gso?: boolean;
  /** Gives client n the source address 127.0.1.1 + n, all with one port; for a target in 127.0.0.0/8. Default false. */
  readonly distinctAddresses?: boolean;
  /** Expects no replies: sends on schedule, or as fast as the kernel takes it. Default false. */
  readonly oneWay?: boolean;
  /** Most datagrams of one client sent in one go, 1 to 64; with `gso` they are one message. Default 64. */
  readonly burst?: number;
  /** Sends DNS queries, and takes only DNS answers as replies: for targets that forward nothing else. Default false. */
  readonly dns?: boolean;
  /** A datagram without a reply for this long is lost. Default 1000. */
  readonly lossTimeoutMs?: number;
}

export type CompletePlan = Required<Omit<LoadPlan, "ratePerSecond">> & { readonly ratePerSecond: number };

/** Thrown for a plan that cannot be carried out; the message names the option. */
export class LoadPlanError extends SluiceError {
  declare readonly code: "LOAD_PLAN_INVALID";

  constructor(message: string) {
    super("LOAD_PLAN_INVALID", message);
  }
}

/** Most datagrams of one call; also what every kernel takes as one UDP_SEGMENT message. */
export const BATCH = 64;

/** Fills in defaults. `ratePerSecond` 0 means closed loop. @throws LoadPlanError */
export function completePlan(plan: LoadPlan): CompletePlan {
  const dns = plan.dns ?? false;
  const minBytes = payloadOffset({ dns }) + MIN_PAYLOAD_BYTES;
  const clients = inRange("clients", plan.clients ?? 8, 1, 60_000);
  const complete: CompletePlan = {
    target: plan.target,
    clients,
    inFlight: Math.max(clients, inRange("inFlight", plan.inFlight ?? 256, 1, 1_000_000)),
    sizeBytes: inRange("sizeBytes", plan.sizeBytes ?? 64, minBytes, MAX_PAYLOAD_BYTES),
    ratePerSecond:
      plan.ratePerSecond === undefined ? 0 : inRange("ratePerSecond", plan.ratePerSecond, 1, 1e8),
    durationMs: inRange("durationMs", plan.durationMs ?? 10_000, 1, 2 ** 31),
    warmupMs: inRange("warmupMs", plan.warmupMs ?? 500, 0, 2 ** 31),
    gso: plan.gso ?? false,
    distinctAddresses: plan.distinctAddresses ?? false,
    oneWay: plan.oneWay ?? false,
    burst: inRange("burst", plan.burst ?? BATCH, 1, BATCH),
    dns,
    lossTimeoutMs: inRange("lossTimeoutMs", plan.lossTimeoutMs ?? LOSS_TIMEOUT_MS, 1, 2 ** 31),
  };
  if (plan.target.port === 0) throw new LoadPlanError("target: port 0 cannot be sent to");
  if (complete.distinctAddresses && !(plan.target.ip.family === 4 && isLoopback(plan.target.ip))) {
    throw new LoadPlanError("distinctAddresses: only for a target in 127.0.0.0/8");
  }
  return complete;
}

/** Where in each datagram the load's own bytes begin. */
export function payloadOffset({ dns }: { readonly dns: boolean }): number {
  return dns ? DNS_HEAD_BYTES : 0;
}

function inRange(name: string, value: number, min: number, max: number): number {
  if (value >= min && value <= max) return value;
  throw new LoadPlanError(`${name} ${value}: expected ${min} to ${max}`);
}

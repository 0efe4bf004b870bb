/**
 * Where a datagram would go now, and why: the forwarder's decisions made again on the main thread, from the snapshot and the
 * flow records. Nothing here changes anything. What only a worker knows, such as its bindings, is inferred from its live flows.
 */
import type { Explanation } from "./api.js";
import { formatAffinity } from "./config/affinity.js";
import { AddressError } from "./core/address.js";
import { formatAffinityKey, hashAffinityKey, maskedBits, maskedIp } from "./core/affinity-key.js";
import { type ClientAddress, parseClient } from "./core/client-address.js";
import { DROP_REASONS, type DropReason } from "./core/drop-reason.js";
import { SluiceError } from "./core/errors.js";
import { formatFlowId } from "./core/flow-id.js";
import { limitsAnything, verdictOfLists } from "./core/guard/guard.js";
import type { FlowQuery, ListedFlow } from "./core/list-flows.js";
import { candidatesOf, DROP, KEEP, KEEP_ANSWERED, type Route, type Routing } from "./core/routing.js";
import type { GuardEntry, ListenerEntry, PoolEntry, Snapshot } from "./core/snapshot.js";
import { reasonNumber, reasonOf } from "./core/verdict.js";
import { explainBackends } from "./explained-backends.js";
import type { HealthStatus } from "./health/monitor.js";

export interface ExplainInput {
  readonly snapshot: Snapshot;
  /** Of the same snapshot. */
  readonly routing: Routing;
  readonly flows: (query: FlowQuery) => readonly ListedFlow[];
  /** Listener slot → address really bound. */
  readonly addresses: ReadonlyMap<number, string>;
  /** Backend slot → how it is and why. */
  readonly health: ReadonlyMap<number, HealthStatus>;
  /** Backends that workers may be avoiding by themselves. */
  readonly refusedLately: ReadonlySet<number>;
  readonly activeFlows: number;
}

export interface ExplainedDatagram {
  /** An address and port; with affinity `client-ip` an address will do. */
  readonly client: string;
  /** By name or address. May be left out where there is only one. */
  readonly listener?: string;
}

interface Asked {
  readonly words: Uint32Array;
  /** Undefined where only an address was given. */
  readonly port: number | undefined;
  readonly listener: ListenerEntry;
  readonly route: Route;
  readonly pool: PoolEntry;
}

type Outcome = Pick<Explanation, "verdict" | "backend" | "reason" | "dropReason" | "flow"> & {
  /** A new flow would be opened. */
  readonly isNew: boolean;
};

const DRAINING = reasonNumber("backend_draining");
const REMOVED = reasonNumber("backend_removed");
/** A key has few flows; more than these tell nothing new. */
const MOST_FLOWS = 1000;

/** @throws SluiceError `ARGUMENT_INVALID`, `LISTENER_UNKNOWN` or `LISTENER_AMBIGUOUS` */
export function explain(datagram: ExplainedDatagram, input: ExplainInput): Explanation {
  const client = readClient(datagram.client);
  const listener = findListener(datagram.listener, input);
  const pool = input.snapshot.pools.find(({ slot }) => slot === listener.poolSlot) as PoolEntry;
  const route = input.routing.routes[listener.slot] as Route;
  if (client.port === undefined && pool.affinity.kind !== "client-ip") {
    const affinity = `with affinity ${pool.affinity.kind}`;
    throw refused(`found ${JSON.stringify(datagram.client)}, expected an address and a port, ${affinity}`);
  }
  const asked: Asked = { words: Uint32Array.from(client.ip.words), port: client.port, listener, route, pool };
  const port = client.port ?? 0;
  const hash = route.hashed ? hashAffinityKey(pool.affinity, asked.words, port) : undefined;
  const chosen = hash === undefined ? undefined : route.policy.choose(hash);
  const notes: string[] = [];
  const outcome = judgeLists(listener.guard, asked.words) ?? decide(asked, chosen, input, notes);
  addNotes(notes, asked, outcome, input);
  const { isNew, ...verdict } = outcome;
  return {
    client: datagram.client,
    listener: listener.name,
    pool: pool.name,
    affinity: formatAffinity(pool.affinity),
    key: formatAffinityKey(pool.affinity, asked.words, port),
    policy: pool.policy,
    hash: hash === undefined ? undefined : hash >>> 0,
    ...verdict,
    candidates: explainBackends(pool, chosen, input.health),
    notes,
  };
}

function readClient(text: string): ClientAddress {
  try {
    return parseClient(text);
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    throw refused(`client: ${error.message}`);
  }
}

/** By name, or by the address that it is bound to. */
function findListener(name: string | undefined, { snapshot, addresses }: ExplainInput): ListenerEntry {
  const { listeners } = snapshot;
  if (name === undefined) {
    if (listeners.length === 1) return listeners[0];
    const names = listeners.map((one) => one.name).join(", ");
    throw new SluiceError("LISTENER_AMBIGUOUS", `several listeners: say which of ${names}`);
  }
  const found =
    listeners.find((one) => one.name === name) ?? listeners.find(({ slot }) => addresses.get(slot) === name);
  if (found === undefined) {
    throw new SluiceError("LISTENER_UNKNOWN", `no listener ${JSON.stringify(name)}`);
  }
  return found;
}

function judgeLists(guard: GuardEntry | undefined, words: Uint32Array): Outcome | undefined {
  const verdict = guard === undefined ? 0 : verdictOfLists(guard, words);
  if (verdict === 0) return undefined;
  const reason = DROP_REASONS[reasonOf(verdict)];
  const list =
    reason === "denied" ? "the listener's deny list has it" : "the listener's allow list has it not";
  return dropped(reason, list);
}

/** As `Forwarder` does in `#dealt` and `#bound`. */
function decide(asked: Asked, chosen: number | undefined, input: ExplainInput, notes: string[]): Outcome {
  const flow = findFlow(asked, input, notes);
  if (flow !== undefined && !isOver(flow, asked.route)) return follow(asked, flow, chosen, input, notes);
  if (asked.pool.affinity.kind === "client-ip") {
    const bound = findBinding(asked, flow, input, notes);
    if (bound !== undefined) return bound;
  }
  return choose(asked, chosen, input.routing);
}

/** The open flow of the client, where it has one for all its datagrams. */
function findFlow({ words, port, listener }: Asked, input: ExplainInput, notes: string[]) {
  if (port === undefined) {
    notes.push("without a port, flows of the client itself are not looked for");
    return undefined;
  }
  const client = { words, bits: 128, port };
  const found = input
    .flows({ limit: MOST_FLOWS, client, listeners: new Set([listener.slot]) })
    .filter(({ open, ofWholeClient }) => open && ofWholeClient);
  if (found.length > 1) {
    notes.push("the client has several flows, one for each address of the listener that it writes to");
  }
  return found.at(-1);
}

function isOver({ idleMs, ageMs }: ListedFlow, { idleTimeoutMs, maxLifetimeMs }: Route): boolean {
  return idleMs >= idleTimeoutMs || (maxLifetimeMs > 0 && ageMs >= maxLifetimeMs);
}

/** As `Forwarder#follow` does. */
function follow(
  asked: Asked,
  flow: ListedFlow,
  chosen: number | undefined,
  input: ExplainInput,
  notes: string[],
): Outcome {
  const { routing } = input;
  const { backendSlot } = flow;
  const inPool = routing.poolOf[backendSlot] === asked.route.poolSlot;
  const action = inPool ? routing.actions[backendSlot] : asked.route.removedAction;
  const reason = inPool ? routing.reasons[backendSlot] : REMOVED;
  const name = routing.backends[backendSlot]?.name ?? "a backend that is gone";
  const stays = (why: string): Outcome => ({
    verdict: "flow",
    backend: routing.backends[backendSlot]?.name,
    reason: why,
    dropReason: undefined,
    flow: formatFlowId(flow.id),
    isNew: false,
  });
  if (action === KEEP) return stays(`a live flow of the client is on ${name}`);
  if (action === KEEP_ANSWERED && flow.replies > 0)
    return stays(`a live flow of the client is on ${name}, which has gone silent but has answered it before`);
  if (action === DROP) {
    const why = `the client's flow is on ${name}, and the failover action is drop`;
    return { ...dropped(DROP_REASONS[reason], why), flow: formatFlowId(flow.id) };
  }
  const bound =
    asked.pool.affinity.kind === "client-ip" ? findBinding(asked, undefined, input, notes) : undefined;
  const next = bound ?? choose(asked, chosen, routing);
  if (next.verdict === "dropped") {
    if (reason === DRAINING) return stays(`its flow is on ${name}, which drains, and there is no other`);
    return { ...next, flow: formatFlowId(flow.id) };
  }
  notes.push(`the client's flow on ${name} moves with this datagram: ${DROP_REASONS[reason]}`);
  return { ...next, flow: formatFlowId(flow.id) };
}

/**
 * The backend that the key is bound to, as its newest live flow has it. Undefined where there is none, or where it may have
 * no further flows.
 * @param except a flow that ends before the binding is looked for
 */
function findBinding(
  asked: Asked,
  except: ListedFlow | undefined,
  { flows, routing }: ExplainInput,
  notes: string[],
): Outcome | undefined {
  const { affinity } = asked.pool;
  const client = {
    words: maskedIp(affinity, asked.words),
    bits: maskedBits(affinity, asked.words),
    port: undefined,
  };
  const holding = flows({ limit: MOST_FLOWS, client }).filter(
    ({ binding, backendSlot, id }) =>
      binding >= 0 && routing.poolOf[backendSlot] === asked.pool.slot && id.flow !== except?.id.flow,
  );
  const newest = holding.toSorted(byAge).at(-1);
  if (newest === undefined) return undefined;
  if (new Set(holding.map(({ id }) => id.worker)).size > 1) {
    notes.push("flows of the key are on several workers, and each has bindings of its own");
  }
  if (new Set(holding.map(({ backendSlot }) => backendSlot)).size > 1) {
    notes.push("flows of the key are on several backends: the binding may be to another of them");
  }
  const name = routing.backends[newest.backendSlot]?.name ?? "";
  if (routing.holdsBindings[newest.backendSlot] !== 1) {
    notes.push(`live flows of the key are on ${name}, which takes no further ones`);
    return undefined;
  }
  const reason = `the key is bound to ${name} for as long as it has a flow there`;
  return {
    verdict: "binding",
    backend: name,
    reason,
    dropReason: undefined,
    flow: undefined,
    isNew: true,
  };
}

function byAge(a: ListedFlow, b: ListedFlow): number {
  return b.ageMs - a.ageMs || a.id.serial - b.id.serial;
}

/** What the policy says of a new key. */
function choose({ pool }: Asked, chosen: number | undefined, { backends }: Routing): Outcome {
  const candidates = candidatesOf(pool);
  if (candidates.length === 0) return dropped("no_backend", `no backend of ${pool.name} takes new keys`);
  const common = { dropReason: undefined, flow: undefined, isNew: true };
  if (chosen !== undefined) {
    const backend = backends[chosen]?.name;
    return {
      verdict: "chosen",
      backend,
      reason: `${pool.policy} gives the key always ${backend}`,
      ...common,
    };
  }
  if (candidates.length === 1) {
    const backend = candidates[0].name;
    return { verdict: "next", backend, reason: `only ${backend} takes new keys`, ...common };
  }
  const reason = `${pool.policy} decides among ${candidates.length} backends at the moment`;
  return { verdict: "next", backend: undefined, reason, ...common };
}

function dropped(dropReason: DropReason, why: string): Outcome {
  const reason = `${dropReason}: ${why}`;
  return { verdict: "dropped", backend: undefined, reason, dropReason, flow: undefined, isNew: false };
}

/** What the answer does not take into account. */
function addNotes(notes: string[], asked: Asked, { verdict, isNew }: Outcome, input: ExplainInput): void {
  const { guard } = asked.listener;
  const hasRates =
    guard !== undefined && (limitsAnything(guard.perClient) || limitsAnything(guard.perNetwork));
  if (hasRates && verdict !== "dropped") {
    notes.push("the listener limits rates: what the client has left of them is not looked at");
  }
  const { maxFlows, onFull } = input.snapshot.limits;
  if (isNew && input.activeFlows >= maxFlows) {
    const then =
      onFull === "drop" ? "it would be dropped: flow_table_full" : "an older flow would end for it";
    notes.push(`there is no room for a new flow: ${then}`);
  }
  for (const { slot, name } of asked.pool.backends) {
    if (!input.refusedLately.has(slot)) continue;
    notes.push(`${name} has just refused a datagram: a worker that was refused avoids it for up to a second`);
  }
}

function refused(message: string): SluiceError {
  return new SluiceError("ARGUMENT_INVALID", message);
}

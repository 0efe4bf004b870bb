/**
 * One balancer's place taken by another in a new process, on the same listener sockets: what the old one gives away, and
 * what the new one begins with. How the two processes talk is left to `cli/`.
 */
import { formatEndpoint, parseEndpoint } from "./core/address.js";
import { BINDING_WORDS } from "./core/inherited-bindings.js";
import type { ListedFlow } from "./core/list-flows.js";
import type { Snapshot } from "./core/snapshot.js";

export interface HandoverSocket {
  readonly listener: string;
  /** The address that the descriptors are bound to. */
  readonly address: string;
  readonly fds: readonly number[];
}

/** A live flow by names, which both processes know: slots are each one's own. */
export interface NamedBinding {
  readonly client: string;
  /** The listener's address, for a listener is its address. */
  readonly listener: string;
  readonly pool: string;
  readonly backend: string;
}

export interface Handover {
  /** @throws NotSupportedError where sockets cannot be handed over */
  sockets(): readonly HandoverSocket[];
  /** Listening sockets of the admin API, by the address as the config writes it. */
  adminSockets(): ReadonlyMap<string, number>;
  /** Receives no more requests; replies go on. Gives the live flows that still take requests. */
  stopReceiving(): Promise<readonly NamedBinding[]>;
  /** Receives requests, from now on or again; flows of these clients open on these backends. */
  receive(bindings: readonly NamedBinding[]): Promise<void>;
  /** Another process receives for good: the admin API is its own. */
  leave(): void;
  /** The process that has taken over is short of local ports: gives it some of those that rest here. */
  makeRoom(): void;
}

/** @param addresses listener slot → the address really bound */
export function nameBindings(
  flows: readonly ListedFlow[],
  snapshot: Snapshot,
  addresses: ReadonlyMap<number, string>,
): NamedBinding[] {
  const backends = new Map(
    snapshot.pools.flatMap((pool) =>
      pool.backends.map(({ slot, name }) => [slot, { pool: pool.name, name }] as const),
    ),
  );
  const withAffinity = new Set(
    snapshot.pools.filter(({ affinity }) => affinity.kind !== "none").map(({ name }) => name),
  );
  return flows.flatMap(({ client, listenerSlot, backendSlot, open }) => {
    const listener = addresses.get(listenerSlot);
    const backend = backends.get(backendSlot);
    if (!open || listener === undefined || backend === undefined || !withAffinity.has(backend.pool))
      return [];
    return [{ client, listener, pool: backend.pool, backend: backend.name }];
  });
}

/** For `Plane.receive`; what this snapshot does not know is left out. */
export function packBindings(
  bindings: readonly NamedBinding[],
  snapshot: Snapshot,
  addresses: ReadonlyMap<number, string>,
): Uint32Array {
  const listeners = new Map([...addresses].map(([slot, address]) => [address, slot]));
  const backends = new Map(
    snapshot.pools.flatMap((pool) =>
      pool.backends.map(({ slot, name }) => [key(pool.name, name), slot] as const),
    ),
  );
  const packed = new Uint32Array(bindings.length * BINDING_WORDS);
  let at = 0;
  for (const { client, listener, pool, backend } of bindings) {
    const listenerSlot = listeners.get(listener);
    const backendSlot = backends.get(key(pool, backend));
    if (listenerSlot === undefined || backendSlot === undefined) continue;
    const { ip, port } = parseEndpoint(client);
    packed.set([...ip.words, ((listenerSlot << 16) | port) >>> 0, backendSlot], at);
    at += BINDING_WORDS;
  }
  return packed.subarray(0, at);
}

/** The descriptors of listeners, by name. */
export function nameSockets(
  groups: readonly {
    readonly slot: number;
    readonly address: Parameters<typeof formatEndpoint>[0];
    readonly fds: readonly number[];
  }[],
  snapshot: Snapshot,
): HandoverSocket[] {
  const names = new Map(snapshot.listeners.map(({ slot, name }) => [slot, name]));
  return groups.map(({ slot, address, fds }) => ({
    listener: names.get(slot) ?? "",
    address: formatEndpoint(address),
    fds,
  }));
}

const key = (pool: string, backend: string): string => JSON.stringify([pool, backend]);

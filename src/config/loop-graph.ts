/**
 * The directed graph of pools: an edge leads from a pool to another when one of its backends is the address of a listener
 * of the other. A cycle sends datagrams round for ever. A chain of pools without a cycle is useful, and is none.
 */
import { type Endpoint, isWildcard } from "../core/address.js";
import { quote } from "./key-path.js";
import type { OwnAddresses } from "./own-addresses.js";

/** A listener as far as it matters here. */
export interface LoopListener {
  readonly address: Endpoint;
  readonly addressText: string;
  readonly ipv6Only: boolean;
  /** The name or number of its pool. */
  readonly pool: string;
}

export class LoopGraph {
  readonly #own: OwnAddresses;
  readonly #listeners = new Map<number, LoopListener[]>();
  /** Pool → pools that its backends lead to. */
  readonly #edges = new Map<string, Set<string>>();
  /** Pool → all pools that can be reached from it; forgotten when an edge is added. */
  readonly #reached = new Map<string, ReadonlySet<string>>();

  /** A listener on port 0 gets its port later, so no backend can name it. */
  constructor(listeners: readonly LoopListener[], own: OwnAddresses) {
    this.#own = own;
    for (const listener of listeners) {
      const { port } = listener.address;
      if (port === 0) continue;
      const others = this.#listeners.get(port);
      if (others === undefined) this.#listeners.set(port, [listener]);
      else others.push(listener);
    }
  }

  /** The pool has this backend. */
  add(pool: string, backend: Endpoint): void {
    for (const { pool: next } of this.#listenersAt(backend)) {
      const edges = this.#edges.get(pool) ?? new Set();
      if (edges.has(next)) continue;
      this.#edges.set(pool, edges.add(next));
      this.#reached.clear();
    }
  }

  /** Why the pool may not have this backend, or undefined: it would be, or is, part of a cycle. */
  whyLoop(pool: string, backend: Endpoint): string | undefined {
    const back = this.#listenersAt(backend).find(
      (listener) => listener.pool === pool || this.#reachedFrom(listener.pool).has(pool),
    );
    return back && describeLoop(pool, backend, back, this.#own);
  }

  #listenersAt(backend: Endpoint): readonly LoopListener[] {
    return (this.#listeners.get(backend.port) ?? []).filter((listener) =>
      receives(listener, backend, this.#own),
    );
  }

  #reachedFrom(pool: string): ReadonlySet<string> {
    const known = this.#reached.get(pool);
    if (known !== undefined) return known;
    const reached = new Set<string>();
    const waiting = [pool];
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      for (const next of this.#edges.get(at) ?? []) {
        if (reached.has(next)) continue;
        reached.add(next);
        waiting.push(next);
      }
    }
    this.#reached.set(pool, reached);
    return reached;
  }
}

/** Whether the listener receives what this machine sends to the endpoint. */
function receives({ address, ipv6Only }: LoopListener, { ip, port }: Endpoint, own: OwnAddresses): boolean {
  if (address.port !== port) return false;
  if (!isWildcard(address.ip)) return own.isSame(address.ip, ip);
  const isOfFamily = address.ip.family === ip.family || (address.ip.family === 6 && !ipv6Only);
  return isOfFamily && own.has(ip);
}

function describeLoop(pool: string, backend: Endpoint, back: LoopListener, own: OwnAddresses): string {
  const listener = `the listener ${quote(back.addressText)}`;
  const place = own.isSame(back.address.ip, backend.ip)
    ? `is ${listener}`
    : `is an address of this machine and reaches ${listener}`;
  const whose = back.pool === pool ? " of the same pool" : ", whose pool leads back to this one";
  return `${place}${whose}: datagrams would go round for ever`;
}

/**
 * Which backends the live flows of a former process had, so that their clients go on there. A binding is used by the first
 * flow that its key opens; what nobody asks for is forgotten with the idle timeout.
 */

import { maskWords } from "./ip-words.js";
import { KeyTable } from "./key-table.js";
import type { Route } from "./routing.js";

/** A live flow as plain data: client IP (4 words), listener slot << 16 | port, backend slot. */
export const BINDING_WORDS = 6;
const PORT = 4;
const BACKEND = 5;
/** Set beside a pool's slot in keys of affinity `client-ip`; listener slots stay below it. */
const WHOLE_POOL = 0x8000_0000;

export class InheritedBindings {
  readonly #table: KeyTable;
  readonly #sinceMs: number;

  /** @param flows see BINDING_WORDS */
  constructor(
    flows: Uint32Array,
    routes: readonly (Route | undefined)[],
    options: { readonly seed: number; readonly nowMs: number },
  ) {
    this.#table = new KeyTable(options.seed);
    this.#sinceMs = options.nowMs;
    for (let at = 0; at + BINDING_WORDS <= flows.length; at += BINDING_WORDS) {
      const route = routes[flows[at + PORT] >>> 16];
      if (route === undefined || route.affinity === "none") continue;
      this.#writeKey(route, flows, at, flows[at + PORT]);
      if (this.#table.find() < 0) this.#table.retain(this.#table.insert(flows[at + BACKEND]));
    }
  }

  /** Whether there is nothing in it any more, or nothing that any of these listeners may still use. */
  isOver(routes: readonly (Route | undefined)[], nowMs: number): boolean {
    if (this.#table.size === 0) return true;
    return routes.every((route) => route === undefined || nowMs - this.#sinceMs >= route.idleTimeoutMs);
  }

  /** The backend slot of the client in `key` (IP in words 0 to 3), which is then no longer in here; or -1. */
  take(route: Route, key: Uint32Array, listenerAndPort: number, nowMs: number): number {
    if (nowMs - this.#sinceMs >= route.idleTimeoutMs) return -1;
    this.#writeKey(route, key, 0, listenerAndPort);
    const entry = this.#table.find();
    if (entry < 0) return -1;
    const backend = this.#table.value(entry);
    this.#table.release(entry);
    return backend;
  }

  #writeKey(route: Route, words: Uint32Array, at: number, listenerAndPort: number): void {
    const { key } = this.#table;
    for (let i = 0; i < 4; i++) key[i] = words[at + i];
    if (route.affinity === "client-ip") {
      maskWords(key, 0, route.prefix4, route.prefix6);
      key[4] = WHOLE_POOL | route.poolSlot;
    } else {
      key[4] = listenerAndPort;
    }
  }
}

/**
 * Which flow a request goes on: the one that its client has, as far as its backend's state lets it stay there, or a new one
 * on the backend that its affinity key is bound to or that the policy chooses. The client is in the flow table's key.
 */
import { CONSISTENT_SEED } from "./affinity-key.js";
import type { FlowExpiry } from "./flow-expiry.js";
import * as R from "./flow-record.js";
import type { FlowTable } from "./flow-table.js";
import type { Flows } from "./flows.js";
import type { Guard } from "./guard/guard.js";
import { hashWordsSigned } from "./hash.js";
import { InheritedBindings } from "./inherited-bindings.js";
import { maskWords } from "./ip-words.js";
import type { LiveRouting } from "./live-routing.js";
import { DROP, KEEP, type Route } from "./routing.js";
import { dropOf, reasonNumber } from "./verdict.js";

const INHERITED_SEED = 0x165667b1;

const NO_BACKEND = dropOf(reasonNumber("no_backend"));
const DRAINING = reasonNumber("backend_draining");
const REMOVED = reasonNumber("backend_removed");

export class FlowFinder {
  readonly #flows: Flows;
  readonly #expiry: FlowExpiry;
  readonly #routing: LiveRouting;
  readonly #table: FlowTable;
  readonly #key: Uint32Array;
  readonly #seed: number;
  /** Scratch for what consistent policies hash. */
  readonly #hashed = new Uint32Array(5);
  /** Whether a new key may be what a half-open backend is tried with. */
  #mayTry = true;
  /** Undefined as soon as there are none. */
  #inherited: InheritedBindings | undefined;

  /** @param seed 32 bits that clients cannot guess */
  constructor(flows: Flows, expiry: FlowExpiry, routing: LiveRouting, seed: number) {
    this.#flows = flows;
    this.#expiry = expiry;
    this.#routing = routing;
    this.#table = flows.table;
    this.#key = flows.table.key;
    this.#seed = seed;
  }

  /** Takes over the live flows of a former process: their clients' first flows open on the same backends. */
  inherit(bindings: Uint32Array, nowMs: number): void {
    const { routes } = this.#routing.now;
    this.#inherited = new InheritedBindings(bindings, routes, { seed: this.#seed ^ INHERITED_SEED, nowMs });
    this.expireInherited(nowMs);
  }

  expireInherited(nowMs: number): void {
    if (this.#inherited?.isOver(this.#routing.now.routes, nowMs)) this.#inherited = undefined;
  }

  /**
   * Finds or opens the flow for the client in the key. Returns it, or a drop.
   * @param guard judges whether the client may open a flow
   */
  find(route: Route, guard: Guard | undefined, nowMs: number): number {
    return route.affinity === "none" ? this.#dealt(route, guard, nowMs) : this.#bound(route, guard, nowMs);
  }

  /** The same for a request that one backend has failed: it tries no other that may fail as well. */
  findReliable(route: Route, nowMs: number): number {
    this.#mayTry = false;
    const flow = this.find(route, undefined, nowMs);
    this.#mayTry = true;
    return flow;
  }

  /** Affinity `none`: the policy deals out every datagram; a client has one flow for each backend it is dealt to. */
  #dealt(route: Route, guard: Guard | undefined, nowMs: number): number {
    if (this.#flows.wholeClient[route.listener.slot] > 0) {
      const flow = this.#findWholeClient(route, nowMs);
      if (flow >= 0) return this.#follow(route, flow, nowMs);
    }
    const backend = this.#choose(route);
    if (backend < 0) return NO_BACKEND;
    this.#key[R.KEY_DISCRIMINATOR] = backend + 1;
    const hash = this.#table.hashKey();
    const flow = this.#table.find(hash);
    if (flow >= 0 && !this.#expiry.endIfOver(route, flow, nowMs)) return flow;
    const verdict = guard === undefined ? 0 : guard.judgeNewFlow(this.#key, nowMs);
    return verdict < 0 ? verdict : this.#flows.open(route, backend, hash, -1, nowMs);
  }

  /** Affinity `client` and `client-ip`: the client's flow, or a new one on the backend that its key has or gets. */
  #bound(route: Route, guard: Guard | undefined, nowMs: number): number {
    const flow = this.#findWholeClient(route, nowMs);
    if (flow >= 0) return this.#follow(route, flow, nowMs);
    const inherited = this.#inherited === undefined ? -1 : this.#takeInherited(route, nowMs);
    if (inherited >= 0) return this.#openBound(route, inherited, nowMs);
    const verdict = guard === undefined ? 0 : guard.judgeNewFlow(this.#key, nowMs);
    if (verdict < 0) return verdict;
    const backend = this.#chooseBound(route, this.#mayTry);
    return backend < 0 ? NO_BACKEND : this.#openBound(route, backend, nowMs);
  }

  #findWholeClient(route: Route, nowMs: number): number {
    this.#key[R.KEY_DISCRIMINATOR] = 0;
    const flow = this.#table.find(this.#table.hashKey());
    return flow >= 0 && this.#expiry.endIfOver(route, flow, nowMs) ? -1 : flow;
  }

  /** The next datagram of a flow: it stays, moves or is dropped, as its backend's state has it. */
  #follow(route: Route, flow: number, nowMs: number): number {
    const backend = this.#table.u32[flow * R.RECORD_WORDS + R.BACKEND];
    const action = this.#routing.actionOf(route, backend, this.#table.u32[flow * R.RECORD_WORDS + R.REPLIES]);
    if (action === KEEP) return flow;
    const reason = this.#routing.isInPool(route, backend) ? this.#routing.now.reasons[backend] : REMOVED;
    if (action === DROP) return dropOf(reason);
    const next = this.#chooseBound(route, false);
    if (next < 0) return reason === DRAINING ? flow : NO_BACKEND;
    const proof = this.#table.u32[flow * R.RECORD_WORDS + R.STATE] & (R.REPLIED | R.PROVED);
    const moved = this.#openBound(route, next, nowMs, flow);
    if (moved >= 0) this.#table.u32[moved * R.RECORD_WORDS + R.STATE] |= proof;
    return moved;
  }

  /** The backend for the client in `key`: the one its affinity key is bound to, else as the policy says; or -1. */
  #chooseBound(route: Route, mayTry: boolean): number {
    if (route.affinity === "client-ip") {
      const { bindings } = this.#flows;
      this.#writeAffinityKey(route, bindings.key);
      bindings.key[4] = route.poolSlot;
      const binding = bindings.find();
      if (binding >= 0 && this.#routing.holdsBindings(route, bindings.value(binding)))
        return bindings.value(binding);
    }
    return mayTry ? this.#choose(route) : this.#chooseReliable(route);
  }

  /** The backend for a new key: one that is half-open, when it is to be tried, else as the policy says; or -1. */
  #choose(route: Route): number {
    if (route.trials !== undefined && this.#mayTry) {
      const tried = route.trials.take();
      if (tried >= 0) return tried;
    }
    return this.#chooseReliable(route);
  }

  #chooseReliable(route: Route): number {
    return route.policy.choose(route.hashed ? this.#consistentHash(route) : 0);
  }

  /** @param former the flow whose client goes on with the new one, or -1 */
  #openBound(route: Route, backend: number, nowMs: number, former = -1): number {
    const { bindings } = this.#flows;
    let binding = -1;
    if (route.affinity === "client-ip") {
      binding = bindings.find();
      if (binding < 0) binding = bindings.insert(backend);
      bindings.retain(binding);
    }
    this.#key[R.KEY_DISCRIMINATOR] = 0;
    const hash = this.#table.hashKey();
    const flow =
      former < 0
        ? this.#flows.open(route, backend, hash, binding, nowMs)
        : this.#flows.openNext(former, route, backend, hash, binding, nowMs);
    if (binding >= 0) {
      if (flow < 0) bindings.release(binding);
      else bindings.setValue(binding, backend);
    }
    return flow;
  }

  /** The backend that a former process had bound the client in `key` to, while it may have further flows; or -1. */
  #takeInherited(route: Route, nowMs: number): number {
    const inherited = this.#inherited as InheritedBindings;
    const backend = inherited.take(route, this.#key, this.#key[R.KEY_PORT], nowMs);
    if (backend < 0 || !this.#routing.holdsBindings(route, backend)) return -1;
    if (route.affinity === "client-ip") {
      this.#writeAffinityKey(route, this.#flows.bindings.key);
      this.#flows.bindings.key[4] = route.poolSlot;
    }
    return backend;
  }

  #writeAffinityKey(route: Route, out: Uint32Array): void {
    for (let i = 0; i < 4; i++) out[i] = this.#key[i];
    maskWords(out, 0, route.prefix4, route.prefix6);
  }

  /** A hash of the affinity key alone, without listener or seed. Affinity `none` hashes the client. */
  #consistentHash(route: Route): number {
    const words = this.#hashed;
    if (route.affinity === "client-ip") {
      this.#writeAffinityKey(route, words);
      return hashWordsSigned(words, 0, 4, CONSISTENT_SEED);
    }
    for (let i = 0; i < 4; i++) words[i] = this.#key[i];
    words[4] = this.#key[R.KEY_PORT] & 0xffff;
    return hashWordsSigned(words, 0, 5, CONSISTENT_SEED);
  }
}

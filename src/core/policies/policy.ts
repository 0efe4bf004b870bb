/**
 * The contract of a policy: how a pool chooses a backend for a new affinity key. A policy is made anew for every
 * snapshot, from the backends that may take new keys; it keeps its place from the one before through `previous`.
 */
import type { PolicyName } from "../snapshot.js";

/** A backend that may take new keys; weight 1 to 65,535. */
export interface Candidate {
  readonly slot: number;
  readonly name: string;
  readonly weight: number;
}

/** What the load-aware policies look at, read at the moment of choice. */
export interface LoadView {
  /** Live flows of a backend. */
  activeFlows(slot: number): number;
  /** Requests of a backend's live flows that have had no reply yet. */
  outstanding(slot: number): number;
}

export interface Policy {
  readonly name: PolicyName;
  /**
   * Hot. The slot of the backend for a new key, or -1 when there is no candidate. `keyHash` is the hash of the
   * affinity key, 32 bits with or without a sign; only `maglev` reads it.
   */
  choose(keyHash: number): number;
}

export interface PolicyInput {
  readonly candidates: readonly Candidate[];
  /** A prime above the number of candidates; only `maglev` reads it. */
  readonly maglevTableSize: number;
  readonly load: LoadView;
  /** A number from 0 up to but not 1, as `Math.random` gives. */
  readonly random: () => number;
  /** The pool's policy in the snapshot before, whatever its name. It is not changed. */
  readonly previous?: Policy | undefined;
}

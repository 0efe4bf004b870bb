/**
 * What a listener lets in and out. Requests are judged before their flow is looked up, in this order: the deny list; the
 * allow list; the exempt list, which ends the judging; the rates of the client, then those of its network. New flows
 * have rates of their own, and replies to a client who has not proved its address are held to a multiple of what it
 * sent.
 *
 * Hot throughout. A dropped datagram costs a lookup or two and takes nothing from any bucket.
 */
import { REPLY_BYTES, REQUEST_BYTES } from "../flow-record.js";
import type { GuardEntry, GuardRates } from "../snapshot.js";
import { dropOf, reasonNumber } from "../verdict.js";
import { listsOf, type PrefixSet } from "./prefix-set.js";
import { TokenBuckets } from "./token-buckets.js";

/** Bits of the lists in `GuardEntry.prefixes`: the order in which they are given to `createPrefixSet`. */
const DENY = 1;
const ALLOW = 2;
const EXEMPT = 4;

const DENIED = dropOf(reasonNumber("denied"));
const NOT_ALLOWED = dropOf(reasonNumber("not_allowed"));
const AMPLIFICATION = dropOf(reasonNumber("amplification"));

export class Guard {
  /** Whether each datagram counts, so that those of a burst must be judged one by one. */
  readonly limitsDatagrams: boolean;
  /** Most reply bytes for each request byte of a client who has not proved its address; 0 for any number. */
  readonly amplification: number;
  readonly #settings: GuardEntry;
  readonly #prefixes: PrefixSet | undefined;
  readonly #allowOnly: boolean;
  readonly #clients: TokenBuckets | undefined;
  readonly #networks: TokenBuckets | undefined;
  /** Whether the client judged last is exempt. */
  #exempt = false;

  /**
   * @param seed 32 bits that clients cannot guess; not used where the settings come with shared memory
   * @param previous the guard that this one follows: what it knows of clients stays where the rates are the same
   */
  constructor(settings: GuardEntry, seed: number, previous?: Guard) {
    const known = previous !== undefined && hasSameRates(previous.#settings, settings) ? previous : undefined;
    const { shared, maxTracked, perClient, perNetwork } = settings;
    this.#settings = settings;
    this.#prefixes = settings.prefixes;
    this.#allowOnly = settings.allowOnly;
    this.amplification = settings.amplification;
    const secret = shared?.seed ?? seed;
    this.#clients = known ? known.#clients : createBuckets(perClient, maxTracked, secret, shared?.clients);
    this.#networks = known
      ? known.#networks
      : createBuckets(perNetwork, maxTracked, ~secret, shared?.networks);
    this.limitsDatagrams =
      (this.#clients?.limitsDatagrams ?? false) || (this.#networks?.limitsDatagrams ?? false);
  }

  /** A datagram of `bytes` from the address in the first four words: 0, or a drop verdict. */
  judge(words: Uint32Array, bytes: number, nowMs: number): number {
    if (this.#prefixes !== undefined) {
      const lists = listsOf(this.#prefixes, words);
      if ((lists & DENY) !== 0) return DENIED;
      if (this.#allowOnly && (lists & ALLOW) === 0) return NOT_ALLOWED;
      this.#exempt = (lists & EXEMPT) !== 0;
      if (this.#exempt) return 0;
    }
    return this.limitsDatagrams ? this.#judgeRates(words, bytes, nowMs) : 0;
  }

  /** The datagram that `judge` just let pass would start a flow: 0, or a drop verdict. */
  judgeNewFlow(words: Uint32Array, nowMs: number): number {
    if (this.#exempt) return 0;
    const clients = this.#clients;
    const networks = this.#networks;
    const client = clients?.limitsNewFlows === true ? clients.entryOf(words, nowMs) : -1;
    const network = networks?.limitsNewFlows === true ? networks.entryOf(words, nowMs) : -1;
    let verdict = client < 0 ? 0 : (clients as TokenBuckets).checkNewFlow(client, nowMs);
    if (verdict === 0 && network >= 0) verdict = (networks as TokenBuckets).checkNewFlow(network, nowMs);
    if (verdict < 0) return verdict;
    if (client >= 0) (clients as TokenBuckets).takeNewFlow(client, nowMs);
    if (network >= 0) (networks as TokenBuckets).takeNewFlow(network, nowMs);
    return 0;
  }

  /**
   * A reply of `bytes` to a client that has not proved its address: 0, or a drop verdict.
   * @param f64 the flow table's records
   * @param times where the flow's record begins there
   */
  judgeReply(f64: Float64Array, times: number, bytes: number): number {
    const most = this.amplification * f64[times + REQUEST_BYTES];
    return f64[times + REPLY_BYTES] + bytes > most ? AMPLIFICATION : 0;
  }

  #judgeRates(words: Uint32Array, bytes: number, nowMs: number): number {
    const clients = this.#clients;
    const networks = this.#networks;
    const client = clients?.limitsDatagrams === true ? clients.entryOf(words, nowMs) : -1;
    let verdict = client < 0 ? 0 : (clients as TokenBuckets).check(client, bytes, nowMs);
    if (verdict < 0) return verdict;
    const network = networks?.limitsDatagrams === true ? networks.entryOf(words, nowMs) : -1;
    if (network >= 0) verdict = (networks as TokenBuckets).check(network, bytes, nowMs);
    if (verdict < 0) return verdict;
    if (client >= 0) (clients as TokenBuckets).take(client, bytes, nowMs);
    if (network >= 0) (networks as TokenBuckets).take(network, bytes, nowMs);
    return 0;
  }
}

/** What the lists alone say of the address in the first four words, as `judge` does: 0, or a drop verdict. */
export function verdictOfLists({ prefixes, allowOnly }: GuardEntry, words: Uint32Array): number {
  const lists = prefixes === undefined ? 0 : listsOf(prefixes, words);
  if ((lists & DENY) !== 0) return DENIED;
  return allowOnly && (lists & ALLOW) === 0 ? NOT_ALLOWED : 0;
}

/** The guard for some settings; none where they limit nothing. */
export function createGuard(
  settings: GuardEntry | undefined,
  seed: number,
  previous?: Guard,
): Guard | undefined {
  return settings === undefined ? undefined : new Guard(settings, seed, previous);
}

/** Whether clients can be judged by what is known of them already. */
export function hasSameRates(a: GuardEntry, b: GuardEntry): boolean {
  const isSame = (x: GuardRates, y: GuardRates) =>
    (Object.keys(x) as (keyof GuardRates)[]).every((key) => x[key] === y[key]);
  return (
    a.maxTracked === b.maxTracked && isSame(a.perClient, b.perClient) && isSame(a.perNetwork, b.perNetwork)
  );
}

/** Whether any of the rates is limited. */
export function limitsAnything({ datagramsPerS, bytesPerS, newFlowsPerS }: GuardRates): boolean {
  return datagramsPerS > 0 || bytesPerS > 0 || newFlowsPerS > 0;
}

function createBuckets(
  rates: GuardRates,
  maxTracked: number,
  seed: number,
  memory: ArrayBufferLike | undefined,
): TokenBuckets | undefined {
  return limitsAnything(rates) ? new TokenBuckets(rates, maxTracked, seed, memory) : undefined;
}

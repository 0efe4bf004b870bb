/**
 * Which of up to 30 lists of networks an address is in, whatever the size of the lists: a multibit trie over the word
 * form of addresses (`ip-words.ts`), in one array that threads share.
 *
 *   [ 4096 entries by the first 12 bits of an IPv4 address | 4096 of an IPv6 address | nodes of 16 entries, 4 bits each ]
 *
 * An entry is either the lists that all addresses below it are in, as bits (0 or more), or less than 0: minus the
 * position of the node that goes on from there. A lookup reads at most 6 entries for IPv4 and 30 for IPv6.
 */
import type { Prefix } from "../address.js";
import { isMapped, MAPPED_WORD } from "../ip-words.js";

/** Made by `createPrefixSet`, over memory that all threads share; only ever read afterwards. */
export type PrefixSet = Int32Array;

const ROOT_BITS = 12;
const ROOT_ENTRIES = 1 << ROOT_BITS;
const NODE_BITS = 4;
const NODE_ENTRIES = 1 << NODE_BITS;
/** Where the IPv4 part of an address in word form begins. */
const MAPPED_BITS = 96;

/** Hot. The lists that the address in the first four words is in: bit n for list n. */
export function listsOf(set: PrefixSet, words: Uint32Array): number {
  const mapped = isMapped(words, 0);
  const root = mapped ? 0 : ROOT_ENTRIES;
  let bit = mapped ? MAPPED_BITS : 0;
  let entry = set[root + (words[bit >>> 5] >>> (32 - ROOT_BITS))];
  bit += ROOT_BITS;
  while (entry < 0) {
    entry = set[((words[bit >>> 5] >>> (32 - NODE_BITS - (bit & 31))) & (NODE_ENTRIES - 1)) - entry];
    bit += NODE_BITS;
  }
  return entry;
}

/**
 * Makes the set of some lists. IPv4 and IPv6 are apart, so `::/0` has no IPv4 address in it; `::ffff:0:0/96` and
 * longer are IPv4. It takes 32 KiB, and for each network 64 bytes for every 4 bits beyond 12 that it shares with no other.
 */
export function createPrefixSet(lists: readonly (readonly Prefix[])[]): PrefixSet {
  const builder = new Builder();
  const all = lists.flatMap((list, number) => list.map((prefix) => ({ prefix, lists: 1 << number })));
  // From short to long, so that a network finds no longer one in the entries that it covers.
  all.sort((a, b) => a.prefix.length + mappedBits(a.prefix) - b.prefix.length - mappedBits(b.prefix));
  for (const { prefix, lists } of all) builder.add(prefix, lists);
  return builder.build();
}

/** How many bits of the word form come before those that the length of an IPv4 prefix counts. */
function mappedBits({ ip }: Prefix): number {
  return ip.family === 4 ? MAPPED_BITS : 0;
}

class Builder {
  #entries = new Int32Array(ROOT_ENTRIES * 2 + NODE_ENTRIES * 64);
  #length = ROOT_ENTRIES * 2;

  add(prefix: Prefix, lists: number): void {
    const { words } = prefix.ip;
    const end = prefix.length + mappedBits(prefix);
    const isIpv4 = end >= MAPPED_BITS && words[0] === 0 && words[1] === 0 && words[2] === MAPPED_WORD;
    let bit = isIpv4 ? MAPPED_BITS : 0;
    let at = (isIpv4 ? 0 : ROOT_ENTRIES) + (words[bit >>> 5] >>> (32 - ROOT_BITS));
    bit += ROOT_BITS;
    while (bit < end) {
      const nibble = (words[bit >>> 5] >>> (32 - NODE_BITS - (bit & 31))) & (NODE_ENTRIES - 1);
      at = this.#nodeBelow(at) + nibble;
      bit += NODE_BITS;
    }
    const covered = 1 << (bit - end);
    for (let entry = at; entry < at + covered; entry++) this.#entries[entry] |= lists;
  }

  /** In memory that can be handed to any number of threads without a copy. */
  build(): PrefixSet {
    const set = new Int32Array(new SharedArrayBuffer(this.#length * 4));
    set.set(this.#entries.subarray(0, this.#length));
    return set;
  }

  /** The node that goes on from an entry; made where there is none, and then as the entry was. */
  #nodeBelow(at: number): number {
    const entry = this.#entries[at];
    if (entry < 0) return -entry;
    if (this.#length + NODE_ENTRIES > this.#entries.length) this.#double();
    const node = this.#length;
    this.#length += NODE_ENTRIES;
    this.#entries.fill(entry, node, this.#length);
    this.#entries[at] = -node;
    return node;
  }

  #double(): void {
    const entries = new Int32Array(this.#entries.length * 2);
    entries.set(this.#entries);
    this.#entries = entries;
  }
}

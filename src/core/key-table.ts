/**
 * Counted keys: each key in use has a count of the flows that hold it and one number of its own. Three things use it: live flows
 * per client IP, the backend that an affinity key is bound to, and the local addresses that clients write to. A key whose count falls
 * to 0 is gone.
 */
import { KeyedHash } from "./keyed-hash.js";

/** Four words of IP and one that tells pools or uses apart. */
export const COUNTED_KEY_WORDS = 5;
const HASH = 5;
const NEXT = 6;
const COUNT = 7;
const VALUE = 8;
const ENTRY_WORDS = 9;

export class KeyTable {
  /** Scratch: the key that `find` and `insert` use. */
  readonly key = new Uint32Array(COUNTED_KEY_WORDS);
  #entries: Int32Array;
  #keys: Uint32Array;
  #buckets: Int32Array;
  #capacity: number;
  #highWater = 0;
  #free = -1;
  #size = 0;
  readonly #hash: KeyedHash;

  /** It starts small and doubles as keys come, so that an unused table costs nothing. */
  constructor(seed: number, initialCapacity = 256) {
    this.#hash = new KeyedHash(seed);
    this.#capacity = initialCapacity;
    this.#entries = new Int32Array(initialCapacity * ENTRY_WORDS);
    this.#keys = new Uint32Array(this.#entries.buffer);
    this.#buckets = new Int32Array(initialCapacity);
  }

  get size(): number {
    return this.#size;
  }

  /** The entry of the key in `key`, or -1. */
  find(): number {
    const { key } = this;
    const keys = this.#keys;
    const hash = this.#hash.of(key, COUNTED_KEY_WORDS);
    for (let entry = this.#buckets[hash & (this.#capacity - 1)] - 1; entry >= 0; ) {
      const at = entry * ENTRY_WORDS;
      if (
        keys[at + 3] === key[3] &&
        keys[at + 4] === key[4] &&
        keys[at + 2] === key[2] &&
        keys[at + 1] === key[1] &&
        keys[at] === key[0]
      ) {
        return entry;
      }
      entry = this.#entries[at + NEXT];
    }
    return -1;
  }

  /** Adds the key in `key`, which must not be there yet, with count 0. */
  insert(value: number): number {
    const entry = this.#take();
    const at = entry * ENTRY_WORDS;
    for (let i = 0; i < COUNTED_KEY_WORDS; i++) this.#keys[at + i] = this.key[i];
    this.#keys[at + HASH] = this.#hash.of(this.key, COUNTED_KEY_WORDS);
    this.#entries[at + COUNT] = 0;
    this.#entries[at + VALUE] = value;
    this.#link(entry);
    this.#size++;
    return entry;
  }

  /** Word `word` of an entry's key. */
  keyWord(entry: number, word: number): number {
    return this.#keys[entry * ENTRY_WORDS + word];
  }

  /** Whether an entry has the key in `key`. */
  isKey(entry: number): boolean {
    const at = entry * ENTRY_WORDS;
    for (let i = 0; i < COUNTED_KEY_WORDS; i++) if (this.#keys[at + i] !== this.key[i]) return false;
    return true;
  }

  count(entry: number): number {
    return this.#entries[entry * ENTRY_WORDS + COUNT];
  }

  value(entry: number): number {
    return this.#entries[entry * ENTRY_WORDS + VALUE];
  }

  setValue(entry: number, value: number): void {
    this.#entries[entry * ENTRY_WORDS + VALUE] = value;
  }

  retain(entry: number): void {
    this.#entries[entry * ENTRY_WORDS + COUNT]++;
  }

  /** One holder less; the last one takes the key with it. */
  release(entry: number): void {
    const at = entry * ENTRY_WORDS;
    if (--this.#entries[at + COUNT] > 0) return;
    this.#unlink(entry);
    this.#entries[at + NEXT] = this.#free;
    this.#free = entry;
    this.#size--;
  }

  /** For tests. */
  longestChain(): number {
    const lengthOf = (first: number): number => {
      let length = 0;
      for (let entry = first - 1; entry >= 0; entry = this.#entries[entry * ENTRY_WORDS + NEXT]) length++;
      return length;
    };
    return this.#buckets.reduce((longest, first) => Math.max(longest, lengthOf(first)), 0);
  }

  #take(): number {
    if (this.#free >= 0) {
      const entry = this.#free;
      this.#free = this.#entries[entry * ENTRY_WORDS + NEXT];
      return entry;
    }
    if (this.#highWater === this.#capacity) this.#double();
    return this.#highWater++;
  }

  #link(entry: number): void {
    const at = entry * ENTRY_WORDS;
    const bucket = this.#keys[at + HASH] & (this.#capacity - 1);
    this.#entries[at + NEXT] = this.#buckets[bucket] - 1;
    this.#buckets[bucket] = entry + 1;
  }

  #unlink(entry: number): void {
    const at = entry * ENTRY_WORDS;
    const bucket = this.#keys[at + HASH] & (this.#capacity - 1);
    const next = this.#entries[at + NEXT];
    let other = this.#buckets[bucket] - 1;
    if (other === entry) {
      this.#buckets[bucket] = next + 1;
      return;
    }
    while (this.#entries[other * ENTRY_WORDS + NEXT] !== entry) {
      other = this.#entries[other * ENTRY_WORDS + NEXT];
    }
    this.#entries[other * ENTRY_WORDS + NEXT] = next;
  }

  /** Only ever called with every entry in use: `#take` prefers freed ones. */
  #double(): void {
    const entries = new Int32Array(this.#entries.length * 2);
    entries.set(this.#entries);
    this.#entries = entries;
    this.#keys = new Uint32Array(entries.buffer);
    this.#capacity *= 2;
    this.#buckets = new Int32Array(this.#capacity);
    for (let entry = 0; entry < this.#highWater; entry++) this.#link(entry);
  }
}

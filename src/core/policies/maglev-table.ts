/**
 * The lookup table of consistent hashing: Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load
 * Balancer", NSDI 2016, section 3.4. Every backend has its own permutation of the table's entries; in turn, each takes
 * the first entry of its permutation that is still free. So the shares are even, and when a backend leaves, nearly all
 * entries of the others stay. A backend's weight is how often it has a turn.
 */
import { SluiceError } from "../errors.js";
import { hashString } from "../hash.js";
import type { Candidate } from "./policy.js";

/** Fixed, so that every process makes the same table of the same backends. */
const OFFSET_SEED = 0x6f66_6673;
const SKIP_SEED = 0x736b_6970;
const FREE = 0xffff;

/**
 * Makes the table: for each entry the index of a candidate, which must be in an order that depends on nothing but the
 * names, such as that of `byName`.
 * @throws SluiceError when `size` is not a prime above the number of candidates (at most 65,535)
 */
export function createMaglevTable(candidates: readonly Candidate[], size: number): Uint16Array {
  checkSize(candidates.length, size);
  const table = new Uint16Array(size).fill(FREE);
  const positions = Uint32Array.from(candidates, ({ name }) => hashString(name, OFFSET_SEED) % size);
  const skips = Uint32Array.from(candidates, ({ name }) => (hashString(name, SKIP_SEED) % (size - 1)) + 1);
  const turns = new TurnQueue(candidates, size);
  for (let taken = 0; taken < size; taken++) takeEntry(table, positions, skips, turns.next());
  return table;
}

/**
 * Who has the next turn. The heaviest candidate has one turn in every round, another its k-th in round
 * ceil(k · greatest weight / weight). Each candidate waits in the list of its next round, so a turn costs O(1) even
 * where thousands of light candidates wait for a heavy one.
 */
class TurnQueue {
  readonly #weights: readonly number[];
  readonly #greatest: number;
  readonly #turns: Uint32Array;
  /** First and last candidate of each round, and the one behind each candidate in its round; -1 is none. */
  readonly #heads: Int32Array;
  readonly #tails: Int32Array;
  readonly #behind: Int32Array;
  #round = 1;

  /** For at most `size` turns. */
  constructor(candidates: readonly Candidate[], size: number) {
    this.#weights = candidates.map(({ weight }) => weight);
    this.#greatest = this.#weights.reduce((greatest, weight) => Math.max(greatest, weight));
    this.#turns = new Uint32Array(candidates.length);
    this.#heads = new Int32Array(size + 2).fill(-1);
    this.#tails = new Int32Array(size + 2);
    this.#behind = new Int32Array(candidates.length);
    for (let i = 0; i < candidates.length; i++) this.#wait(i);
  }

  next(): number {
    // The heaviest waits in the next round at the latest, so no round before the last is empty.
    if (this.#heads[this.#round] < 0) this.#round++;
    const i = this.#heads[this.#round];
    this.#heads[this.#round] = this.#behind[i];
    this.#turns[i]++;
    this.#wait(i);
    return i;
  }

  #wait(i: number): void {
    const round = Math.ceil(((this.#turns[i] + 1) * this.#greatest) / this.#weights[i]);
    if (round >= this.#heads.length) return;
    if (this.#heads[round] < 0) this.#heads[round] = i;
    else this.#behind[this.#tails[round]] = i;
    this.#tails[round] = i;
    this.#behind[i] = -1;
  }
}

/** Follows candidate `i`'s permutation to its next free entry. Since the size is prime it visits every entry. */
function takeEntry(table: Uint16Array, positions: Uint32Array, skips: Uint32Array, i: number): void {
  const size = table.length;
  const skip = skips[i];
  let position = positions[i];
  while (table[position] !== FREE) {
    position += skip;
    if (position >= size) position -= size;
  }
  table[position] = i;
  positions[i] = position;
}

function checkSize(count: number, size: number): void {
  if (count > 0 && count < Math.min(size, FREE) && isPrime(size)) return;
  throw new SluiceError(
    "MAGLEV_TABLE_SIZE",
    `cannot make a maglev table of size "${size}" for ${count} backends: expected a prime above their number`,
  );
}

/** The order of candidates by name, in UTF-16 code units: the same in every locale. */
export function byName(a: Candidate, b: Candidate): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

/** Whether a whole number is prime. */
export function isPrime(value: number): boolean {
  if (!Number.isSafeInteger(value) || value < 2) return false;
  for (let divisor = 2; divisor * divisor <= value; divisor++) {
    if (value % divisor === 0) return false;
  }
  return true;
}

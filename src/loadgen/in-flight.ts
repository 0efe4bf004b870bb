/**
 * The datagrams that wait for their reply, in the order they were sent: fixed slots in typed arrays, a stack of free
 * ones, and a list from oldest to newest so that only its head needs looking at for losses. Hot: nothing allocated.
 */
const NONE = -1;
const FREE = 0xffff_ffff;

export class InFlight {
  readonly capacity: number;
  readonly #client: Uint32Array; // FREE when the slot is
  readonly #sequence: Uint32Array;
  readonly #dueMs: Float64Array;
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #free: Int32Array;
  #freeCount: number;
  #oldest = NONE;
  #newest = NONE;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.#client = new Uint32Array(capacity).fill(FREE);
    this.#sequence = new Uint32Array(capacity);
    this.#dueMs = new Float64Array(capacity);
    this.#next = new Int32Array(capacity);
    this.#previous = new Int32Array(capacity);
    this.#free = Int32Array.from({ length: capacity }, (_, i) => capacity - 1 - i);
    this.#freeCount = capacity;
  }

  get count(): number {
    return this.capacity - this.#freeCount;
  }

  /** Notes a datagram as the newest and answers its slot; -1 when all are taken. */
  take(client: number, sequence: number, dueMs: number): number {
    if (this.#freeCount === 0) return NONE;
    const slot = this.#free[--this.#freeCount];
    this.#client[slot] = client;
    this.#sequence[slot] = sequence;
    this.#dueMs[slot] = dueMs;
    this.#next[slot] = NONE;
    this.#previous[slot] = this.#newest;
    if (this.#newest === NONE) this.#oldest = slot;
    else this.#next[this.#newest] = slot;
    this.#newest = slot;
    return slot;
  }

  /** Whether that very datagram still waits. Any numbers may be asked about. */
  has(slot: number, client: number, sequence: number): boolean {
    if (slot >= this.capacity || client === FREE) return false;
    return this.#client[slot] === client && this.#sequence[slot] === sequence;
  }

  /** Frees a taken slot. */
  release(slot: number): void {
    const next = this.#next[slot];
    const previous = this.#previous[slot];
    if (previous === NONE) this.#oldest = next;
    else this.#next[previous] = next;
    if (next === NONE) this.#newest = previous;
    else this.#previous[next] = previous;
    this.#client[slot] = FREE;
    this.#free[this.#freeCount++] = slot;
  }

  /** The slot that was taken longest ago; -1 when there is none. */
  oldest(): number {
    return this.#oldest;
  }

  client(slot: number): number {
    return this.#client[slot];
  }

  dueMs(slot: number): number {
    return this.#dueMs[slot];
  }
}

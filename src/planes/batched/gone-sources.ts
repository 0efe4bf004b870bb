/**
 * Flow sockets whose source address this machine has no more, or whose backend's interface was made again: they are found a
 * part at a time, and their flows get new ones at their next request. Nothing happens here between such changes.
 */
import type { Arena } from "../../linux/memory.js";
import { readSockaddr, SCOPE_WORD, SOCKADDR_SLOT_BYTES, SOCKADDR_WORDS } from "../../linux/sockaddr.js";
import type { Upstreams } from "./upstreams.js";

/** Words of an address that is gone: four, and the number of its interface where it is link-local, else 0. */
export const GONE_WORDS = 5;
/** Sockets that are looked at in a turn: some 2 ms. */
const MOST_A_STEP = 2000;

export interface GoneSourcesParts {
  readonly arena: Arena;
  readonly upstreams: Upstreams;
  /** Takes a flow off its socket. */
  readonly leave: (flow: number) => void;
}

export class GoneSources {
  readonly #parts: GoneSourcesParts;
  readonly #sockaddr: number;
  readonly #length: number;
  readonly #local = new Uint32Array(SOCKADDR_WORDS);
  #gone = new Uint32Array(0);
  /** Slots of backends that are reached another way now. */
  #backends: ReadonlySet<number> = new Set();
  /** The next upstream to look at, and where those end that there were when the search began. */
  #next = 0;
  #end = 0;

  constructor(parts: GoneSourcesParts) {
    this.#parts = parts;
    this.#sockaddr = parts.arena.allocate(SOCKADDR_SLOT_BYTES);
    this.#length = parts.arena.allocate(4);
  }

  static arenaBytes(): number {
    return SOCKADDR_SLOT_BYTES + 4 + 2 * 64;
  }

  get isBusy(): boolean {
    return this.#next < this.#end;
  }

  /** Begins to look for sockets with these sources or backends, beside those that are looked for already. */
  begin(gone: Uint32Array, backends: ReadonlySet<number>): void {
    if (gone.length === 0 && backends.size === 0) return;
    const [before, others] = this.isBusy ? [this.#gone, this.#backends] : [[], []];
    this.#gone = Uint32Array.from([...before, ...gone]);
    this.#backends = new Set([...others, ...backends]);
    this.#next = 0;
    this.#end = this.#parts.upstreams.highWater;
  }

  /** Looks at some of them. */
  step(): void {
    const { upstreams, leave } = this.#parts;
    const end = Math.min(this.#end, this.#next + MOST_A_STEP);
    for (; this.#next < end; this.#next++) {
      const flow = upstreams.flow[this.#next];
      if (flow >= 0 && this.#isGone(this.#next)) leave(flow);
    }
  }

  #isGone(upstream: number): boolean {
    const { arena, upstreams } = this.#parts;
    if (this.#backends.has(upstreams.backend[upstream])) return true;
    arena.u32[this.#length >> 2] = SOCKADDR_SLOT_BYTES;
    const { libc, address } = arena;
    if (libc.getsockname(upstreams.fd(upstream), address + this.#sockaddr, address + this.#length) < 0)
      return false;
    const length = arena.u32[this.#length >> 2];
    if (!readSockaddr(arena, this.#sockaddr, length, this.#local, 0)) return false;
    for (let at = 0; at < this.#gone.length; at += GONE_WORDS) if (this.#isAt(at)) return true;
    return false;
  }

  #isAt(at: number): boolean {
    for (let i = 0; i < 4; i++) if (this.#gone[at + i] !== this.#local[i]) return false;
    const scope = this.#gone[at + 4];
    return scope === 0 || scope === this.#local[SCOPE_WORD];
  }
}

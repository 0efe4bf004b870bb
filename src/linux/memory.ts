/**
 * Memory that the kernel and TypeScript both see: one mmap with typed arrays laid over it, handed out by a bump
 * allocator. Addresses in it never move, so they may be kept in message headers for as long as the arena is open.
 *
 * What can go wrong, since neither V8 nor koffi knows how long the mapping lives:
 * - A view used after `close()` is a segmentation fault. `close()` empties the arena's own fields, but views copied
 *   out of them stay dangerous. Close an arena only when every batch, epoll and slice made on it is out of use.
 * - The mapping belongs to the process, not to the thread: a worker that ends without `close()` leaves it mapped.
 *   NORESERVE memory costs only the pages that were touched.
 * - Never post a view to another thread: the copy is no longer the kernel's memory.
 */
import {
  MAP_ANONYMOUS,
  MAP_FIXED_NOREPLACE,
  MAP_NORESERVE,
  MAP_PRIVATE,
  PAGE_BYTES,
  PROT_READ,
  PROT_WRITE,
} from "./constants.js";
import type { Libc } from "./libc.js";
import { check } from "./syscall-error.js";

/** A cache line; the default alignment of what is allocated. */
const CACHE_LINE_BYTES = 64;
/** Where arenas go: above the program itself, and below what V8 keeps as a small integer. */
const LOW_BEGIN = 0x2000_0000;
const LOW_END = 0x8000_0000;
const LOW_STEP = 0x10_0000;

/**
 * Maps at least `bytes` of zeroed memory, rounded up to whole pages. Pages are taken as they are touched.
 * Below 2^31 where there is room: V8 makes a number on its heap of a larger address each time that one is computed and
 * handed to a system call, and the packet path would leave garbage with every call.
 * @throws SyscallError when the kernel has no room.
 */
export function openArena(libc: Libc, bytes: number): Arena {
  const mappedBytes = Math.ceil(Math.max(bytes, 1) / PAGE_BYTES) * PAGE_BYTES;
  for (let low = LOW_BEGIN; low + mappedBytes <= LOW_END; low += LOW_STEP) {
    const address = map(libc, low, mappedBytes, MAP_FIXED_NOREPLACE);
    if (address === low) return new Arena(libc, address, mappedBytes);
    if (address >= 0) check(libc.munmap(address, mappedBytes), "munmap"); // before Linux 4.17 the flag is not known
  }
  return new Arena(libc, check(map(libc, 0, mappedBytes, 0), "mmap"), mappedBytes);
}

function map(libc: Libc, address: number, bytes: number, flags: number): number {
  const all = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags;
  return libc.mmap(address, bytes, PROT_READ | PROT_WRITE, all, -1, 0);
}

/** Offsets into the views are bytes from the arena's start; divide by the element size for wider views. */
export class Arena {
  readonly libc: Libc;
  /** Where the mapping starts; a multiple of the page size. */
  readonly address: number;
  readonly bytes: number;
  u8: Uint8Array;
  u16: Uint16Array;
  u32: Uint32Array;
  i32: Int32Array;
  f64: Float64Array;
  u64: BigUint64Array;
  #next = 0;
  #open = true;

  constructor(libc: Libc, address: number, bytes: number) {
    this.libc = libc;
    this.address = address;
    this.bytes = bytes;
    const buffer = libc.view(address, bytes);
    this.u8 = new Uint8Array(buffer);
    this.u16 = new Uint16Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.f64 = new Float64Array(buffer);
    this.u64 = new BigUint64Array(buffer);
  }

  /** Takes `bytes` of zeroed memory for good and answers their offset. Throws RangeError when the arena is full. */
  allocate(bytes: number, align = CACHE_LINE_BYTES): number {
    const offset = Math.ceil(this.#next / align) * align;
    if (offset + bytes > this.bytes) {
      throw new RangeError(`arena of ${this.bytes} bytes is full: ${bytes} more wanted at ${offset}`);
    }
    this.#next = offset + bytes;
    return offset;
  }

  /** Unmaps the memory. Idempotent. See the head of this file for who must be done with it. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    const nothing = new ArrayBuffer(0);
    this.u8 = new Uint8Array(nothing);
    this.u16 = new Uint16Array(nothing);
    this.u32 = new Uint32Array(nothing);
    this.i32 = new Int32Array(nothing);
    this.f64 = new Float64Array(nothing);
    this.u64 = new BigUint64Array(nothing);
    check(this.libc.munmap(this.address, this.bytes), "munmap");
  }
}

/**
 * Writes a 64-bit pointer at word `index`. Stores into a Uint32Array take a number modulo 2^32, so the low word
 * needs no masking, and no BigInt is made.
 */
export function writePointer(u32: Uint32Array, index: number, address: number): void {
  u32[index] = address;
  u32[index + 1] = address / 0x1_0000_0000;
}

/** Reads what `writePointer` wrote: an address, always below 2^53. */
export function readPointer(u32: Uint32Array, index: number): number {
  return u32[index] + u32[index + 1] * 0x1_0000_0000;
}

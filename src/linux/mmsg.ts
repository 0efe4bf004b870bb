/**
 * The kernel's message structures as byte offsets, declared once for receiving and sending: `struct mmsghdr` with
 * its `msghdr`, `iovec` and `cmsghdr` as they are on 64-bit Linux (LP64, little-endian: x86-64 and arm64 alike).
 *
 *   mmsghdr  0 name* | 8 namelen u32 | 16 iov* | 24 iovlen u64 | 32 control* | 40 controllen u64 | 48 flags | 56 length u32
 *   iovec    0 base* | 8 length u64
 *   cmsghdr  0 length u64, counting these 16 bytes | 8 level | 12 type | 16 data, padded to 8
 */
import { writePointer } from "./memory.js";

export const MMSGHDR_BYTES = 64;
export const IOVEC_BYTES = 16;
export const CMSGHDR_BYTES = 16;

/** Fields of a mmsghdr as 32-bit words from its start; 64-bit fields are named by their low word. */
export const MSG_NAME = 0;
export const MSG_NAME_LENGTH = 2;
export const MSG_IOV = 4;
export const MSG_IOV_LENGTH = 6;
export const MSG_CONTROL = 8;
export const MSG_CONTROL_LENGTH = 10;
export const MSG_FLAGS = 12;
export const MSG_LENGTH = 14;
export const MMSGHDR_WORDS = MMSGHDR_BYTES / 4;

export const IOV_BASE = 0;
export const IOV_LENGTH = 2;
export const IOVEC_WORDS = IOVEC_BYTES / 4;

/** Bytes that a control message with `dataBytes` of data takes in a control buffer: CMSG_SPACE(3). */
export function controlSpace(dataBytes: number): number {
  return CMSGHDR_BYTES + ((dataBytes + 7) & ~7);
}

/** Room for every control message that a socket of this room can receive: overflow, GRO, and packet info of both families. */
export const RECEIVE_CONTROL_BYTES = controlSpace(4) + controlSpace(4) + controlSpace(12) + controlSpace(20);

/** Room for what a send can carry: a segment size and the source address of one family. */
export const SEND_CONTROL_BYTES = controlSpace(2) + controlSpace(20);

/** Points the iovec at word `index` to `length` bytes at `address`. */
export function writeIovec(u32: Uint32Array, index: number, address: number, length: number): void {
  writePointer(u32, index + IOV_BASE, address);
  u32[index + IOV_LENGTH] = length;
  u32[index + IOV_LENGTH + 1] = 0;
}

/**
 * Linux error numbers and their names. The numbers are the same on x86-64 and arm64 (asm-generic/errno.h).
 * Calls in this room answer `-errno` on failure, so callers compare with `-EAGAIN` and the like.
 */
import { constants } from "node:os";
import { getSystemErrorMap } from "node:util";

export const EPERM = 1;
export const EINTR = 4;
export const EIO = 5;
export const EBADF = 9;
export const EAGAIN = 11;
export const ENOMEM = 12;
export const EACCES = 13;
export const EINVAL = 22;
export const ENFILE = 23;
export const EMFILE = 24;
export const ENOSYS = 38;
export const ENONET = 64;
export const EMSGSIZE = 90;
export const ENOPROTOOPT = 92;
export const EOPNOTSUPP = 95;
export const EAFNOSUPPORT = 97;
export const EADDRINUSE = 98;
export const EADDRNOTAVAIL = 99;
export const ENETDOWN = 100;
export const ENETUNREACH = 101;
export const ENOBUFS = 105;
export const ECONNREFUSED = 111;
export const EHOSTDOWN = 112;
export const EHOSTUNREACH = 113;

/** `EAGAIN` for 11; `E<number>` for a number that has no name. The sign does not matter. */
export function errnoName(errno: number): string {
  const number = Math.abs(errno);
  // EAGAIN and EWOULDBLOCK, EOPNOTSUPP and ENOTSUP share numbers: prefer what Node's own errors say.
  const known = getSystemErrorMap().get(-number)?.[0];
  if (known !== undefined && known !== "EOF") return known;
  return Object.entries(constants.errno).find(([, value]) => value === number)?.[0] ?? `E${number}`;
}

/** 11 for `EAGAIN`; undefined for a name that this machine does not know. */
export function errnoNumber(name: string): number | undefined {
  return (constants.errno as Readonly<Record<string, number>>)[name];
}

/** What an error number means, in lower-case English: "permission denied". Empty when unknown. */
export function errnoText(errno: number): string {
  return getSystemErrorMap().get(-Math.abs(errno))?.[1] ?? "";
}

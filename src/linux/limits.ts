/** The process's limit on open descriptors: an upstream socket is one, so it bounds the number of flows. */
import { RLIMIT_NOFILE } from "./constants.js";
import type { Libc } from "./libc.js";
import { check } from "./syscall-error.js";

/**
 * Raises the soft limit to the hard one, which needs no privileges, and answers the limit then in force;
 * Infinity when there is none. @throws SyscallError
 */
export function raiseDescriptorLimit(libc: Libc): number {
  const limit = new BigUint64Array(2); // struct rlimit: soft, hard
  check(libc.prlimit(RLIMIT_NOFILE, null, limit), "prlimit RLIMIT_NOFILE");
  if (limit[0] !== limit[1]) {
    limit[0] = limit[1];
    check(libc.prlimit(RLIMIT_NOFILE, limit, null), "prlimit RLIMIT_NOFILE");
  }
  return limit[0] === 0xffff_ffff_ffff_ffffn ? Number.POSITIVE_INFINITY : Number(limit[0]);
}

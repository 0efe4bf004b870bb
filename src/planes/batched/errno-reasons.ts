/** Errno numbers of failed sends as drop reasons, resolved once: the packet path looks them up. */
import { dropReasonOfError } from "../../core/send-failure.js";
import { reasonNumber } from "../../core/verdict.js";
import {
  EACCES,
  ECONNREFUSED,
  EHOSTUNREACH,
  ENETUNREACH,
  ENOPROTOOPT,
  errnoName,
} from "../../linux/errno.js";

const ERRNOS = 134;
const REASONS = Uint8Array.from({ length: ERRNOS }, (_, errno) =>
  reasonNumber(dropReasonOfError(errnoName(errno))),
);
const OTHER = reasonNumber("send_failed");

/** The number in DROP_REASONS for a call's negative result. */
export function reasonOfResult(result: number): number {
  return REASONS[-result] ?? OTHER;
}

/**
 * Whether a call on a connected socket failed with what an ICMP message may have said of an earlier datagram. The error
 * is told once: made again, the call says what is true of itself.
 */
export function tellsOfEarlier(result: number): boolean {
  return (
    result === -ECONNREFUSED ||
    result === -EHOSTUNREACH ||
    result === -ENETUNREACH ||
    result === -EACCES ||
    result === -ENOPROTOOPT
  );
}

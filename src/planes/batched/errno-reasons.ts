/** Errno numbers of failed sends as drop reasons, resolved once: the packet path looks them up. */
import { isNoRoute } from "../../core/refusal-kind.js";
import { dropReasonOfError } from "../../core/send-failure.js";
import { reasonNumber } from "../../core/verdict.js";
import {
  EACCES,
  ECONNREFUSED,
  EHOSTDOWN,
  EHOSTUNREACH,
  ENETUNREACH,
  ENONET,
  ENOPROTOOPT,
  EOPNOTSUPP,
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

const NO_ROUTE = Uint8Array.from({ length: ERRNOS }, (_, errno) => (isNoRoute(errnoName(errno)) ? 1 : 0));

/** Whether a call's negative result says that there is no way to the backend from here. */
export function saysNoRoute(result: number): boolean {
  return NO_ROUTE[-result] === 1;
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
    result === -EHOSTDOWN ||
    result === -ENONET ||
    result === -EOPNOTSUPP ||
    result === -EACCES ||
    result === -ENOPROTOOPT
  );
}

/** Errno numbers of failed sends as drop reasons, resolved once: the packet path looks them up. */
import { dropReasonOfError } from "../../core/send-failure.js";
import { reasonNumber } from "../../core/verdict.js";
import { errnoName } from "../../linux/errno.js";

const ERRNOS = 134;
const REASONS = Uint8Array.from({ length: ERRNOS }, (_, errno) =>
  reasonNumber(dropReasonOfError(errnoName(errno))),
);
const OTHER = reasonNumber("send_failed");

/** The number in DROP_REASONS for a call's negative result. */
export function reasonOfResult(result: number): number {
  return REASONS[-result] ?? OTHER;
}

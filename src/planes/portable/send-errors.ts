/** System errors of `node:dgram` as drop reasons. */
import { dropReasonOfError } from "../../core/send-failure.js";
import { reasonNumber } from "../../core/verdict.js";

/** The number in DROP_REASONS for a failed send. */
export function reasonOfError(error: NodeJS.ErrnoException): number {
  return reasonNumber(dropReasonOfError(error.code));
}

/** The error of a system call that failed, with the errno name as its code as Node's own errors have it, where the caller cannot go on. The packet path uses `-errno` instead. */
import { SluiceError } from "../core/errors.js";
import { errnoName, errnoText } from "./errno.js";

export class SyscallError extends SluiceError {
  /** The call's name: `bind`, or with an option `setsockopt SO_REUSEPORT`. */
  readonly call: string;
  /** The error's number, positive. */
  readonly errno: number;
  /** The error's name: `EADDRINUSE`. */
  readonly errnoName: string;

  /** `result` is the call's `-errno`; `subject` says what it was called on: an address, a descriptor. */
  constructor(call: string, result: number, subject = "") {
    const name = errnoName(result);
    const text = errnoText(result);
    const on = subject === "" ? "" : ` of ${subject}`;
    super(name, `${call}${on} failed: ${name}${text === "" ? "" : ` (${text})`}`);
    this.call = call;
    this.errno = Math.abs(result);
    this.errnoName = name;
  }
}

/** Passes a result that is not negative; throws SyscallError otherwise. For slow paths only. */
export function check(result: number, call: string, subject = ""): number {
  if (result < 0) throw new SyscallError(call, result, subject);
  return result;
}

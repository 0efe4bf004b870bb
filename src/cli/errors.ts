/**
 * Turns what a command threw into lines for people and an exit code. No stack traces: a person who typed a wrong
 * address needs the sentence, and whoever looks for a bug has `--log-level debug`.
 */
import { ConfigError, describeMore, formatProblem, type Problem } from "../config/config-error.js";
import { SluiceError } from "../core/errors.js";
import { AdminError } from "./admin-errors.js";
import { EXIT, type ExitCode } from "./exit-codes.js";

/** What was given on the command line, or in the environment for it, cannot be used. */
export class UsageError extends SluiceError {
  constructor(message: string, options?: ErrorOptions) {
    super("USAGE", message, options);
  }
}

export interface Failure {
  readonly exitCode: ExitCode;
  /** One line each. */
  readonly messages: readonly string[];
  /** The same as data, when it was the config. */
  readonly problems?: readonly Problem[];
  /** Worth showing when somebody looks for a bug. */
  readonly stack: string | undefined;
}

export function describeFailure(error: unknown): Failure {
  const stack = error instanceof Error ? error.stack : undefined;
  if (error instanceof ConfigError) {
    const { problems } = error;
    const messages = [...problems.map(formatProblem), ...describeMore(error)];
    return { exitCode: EXIT.usage, messages, problems, stack };
  }
  if (error instanceof UsageError || isBadArgument(error))
    return { exitCode: EXIT.usage, messages: [error.message], stack };
  if (error instanceof SluiceError) return { exitCode: EXIT.failure, messages: [error.message], stack };
  if (isSystemError(error)) return { exitCode: EXIT.failure, messages: [describeSystemError(error)], stack };
  const message = error instanceof Error ? error.message : String(error);
  return { exitCode: EXIT.failure, messages: [`internal error: ${message}`], stack };
}

/** Codes with which the balancer says that it does not have what an argument names. */
const UNKNOWN_NAMES: readonly string[] = ["BACKEND_UNKNOWN", "LISTENER_UNKNOWN", "POOL_UNKNOWN"];

/** Whether the balancer refused what a command sent for the arguments in it. */
function isBadArgument(error: unknown): error is AdminError {
  return error instanceof AdminError && (error.status === 400 || UNKNOWN_NAMES.includes(error.code));
}

/**
 * What `parse` makes of the value of an argument or flag.
 * @throws UsageError with the argument's name where it throws an error of ours
 */
export function readArgument<T>(name: string, text: string, parse: (text: string) => T): T {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof SluiceError) throw new UsageError(`${name}: ${error.message}`, { cause: error });
    throw error;
  }
}

/** What the common errors of sockets and names mean; for the rest Node's message has to do. */
const SYSTEM_ERRORS: Readonly<Record<string, string>> = {
  EADDRINUSE: "the address is in use by another program",
  EADDRNOTAVAIL: "this machine does not have that address",
  EACCES: "no permission (ports below 1024 may need root or CAP_NET_BIND_SERVICE)",
  EPERM: "no permission",
  ENETUNREACH: "no route leads there",
  ENOTFOUND: "no such name",
  EAI_AGAIN: "the name server does not answer",
};

/** An error of Node's own with the call that failed, as file, socket and name look-up errors have it. */
interface SystemError extends Error {
  readonly code: string;
  readonly syscall: string;
  readonly address?: string;
  readonly port?: number;
  readonly hostname?: string;
}

function isSystemError(error: unknown): error is SystemError {
  return error instanceof Error && "syscall" in error && "code" in error && typeof error.code === "string";
}

function describeSystemError(error: SystemError): string {
  const meaning = SYSTEM_ERRORS[error.code];
  if (meaning === undefined) return error.message;
  const name = error.hostname ?? error.address;
  const port = error.port ? `:${error.port}` : "";
  return `cannot ${error.syscall === "getaddrinfo" ? "look up" : error.syscall} ${name ?? ""}${port}: ${meaning} (${error.code})`;
}

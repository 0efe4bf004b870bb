/** System errors of probes in words, and which of them are no fault of the backend. */
import { failed, type Outcome } from "../probe.js";

const FAULTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset",
  EPIPE: "connection closed",
  EHOSTUNREACH: "host unreachable",
  ENETUNREACH: "no route to its network",
  EADDRNOTAVAIL: "no address of this machine can reach it",
  EMFILE: "no descriptor left in this process (EMFILE)",
  ENFILE: "no descriptor left on this machine (ENFILE)",
  ENOBUFS: "no buffer left (ENOBUFS)",
  EACCES: "not allowed (EACCES)",
  EPERM: "not allowed, perhaps by a local firewall (EPERM)",
  ENOENT: "no such file",
};

/** What this machine may run out of. */
const OURS: ReadonlySet<string> = new Set(["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"]);

/** The outcome of a probe that a system error ended. */
export function failedBy<E>(error: E, describe: (error: E) => string = describeFault): Outcome {
  const outcome = failed(describe(error));
  return OURS.has(codeOf(error)) ? { ...outcome, isOurs: true } : outcome;
}

/** What an error means for a probe; one that is not known keeps its code, as `cannot be asked (EPROTO)`. */
export function describeFault(error: unknown): string {
  const code = codeOf(error);
  return FAULTS[code] ?? `cannot be asked (${code})`;
}

/** The same for a UDP socket, where a refusal is an ICMP message. */
export function describeUdpFault(error: unknown): string {
  return isRefusal(error) ? "refused (ICMP port unreachable)" : describeFault(error);
}

function isRefusal(error: unknown): boolean {
  return codeOf(error) === "ECONNREFUSED";
}

function codeOf(error: unknown): string {
  const { code, name } = (error ?? {}) as { readonly code?: unknown; readonly name?: unknown };
  return String(code ?? name ?? "unknown error");
}

/** Why a send failed, by the system's error name, as drop reasons: the same on every plane. */
import type { DropReason } from "./drop-reason.js";

const REASONS: Readonly<Record<string, DropReason>> = {
  ECONNREFUSED: "backend_refused",
  EAGAIN: "send_buffer_full",
  ENOBUFS: "send_buffer_full",
  ENOMEM: "send_buffer_full",
  ENETUNREACH: "network_unreachable",
  EHOSTUNREACH: "network_unreachable",
  ENETDOWN: "network_unreachable",
  EHOSTDOWN: "network_unreachable",
  EADDRNOTAVAIL: "network_unreachable",
  EMSGSIZE: "too_big",
  EPERM: "prohibited_here",
};

export function dropReasonOfError(errorName: string | undefined): DropReason {
  return REASONS[errorName ?? ""] ?? "send_failed";
}

/** What an operator should know of a backend that this machine's own firewall forbids sending to (EPERM). */
export function prohibitedWarning(backend: string): string {
  return `this machine's own firewall forbids sending to backend ${backend}: allow it in the output rules, or make room in the connection tracking table`;
}

/** So often at most is that said of one backend. */
export const PROHIBITED_EVERY_MS = 60_000;

const BIND_HINTS: Readonly<Record<string, string>> = {
  EADDRINUSE: "the address is in use by another socket",
  EACCES: "permission denied; ports below 1024 need root or CAP_NET_BIND_SERVICE",
  EPERM: "permission denied",
  EADDRNOTAVAIL: "no interface of this machine has this address",
  EAFNOSUPPORT: "this machine does not support the address family",
  EMFILE: "too many open files; raise the limit (ulimit -n)",
  ENFILE: "the system has too many open files",
};

/** What an operator should know when a listener cannot be opened, or undefined for an error that speaks for itself. */
export function bindHint(errorName: string | undefined): string | undefined {
  return BIND_HINTS[errorName ?? ""];
}

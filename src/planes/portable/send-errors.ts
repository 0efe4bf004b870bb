/** Errno names of failed sends as drop reasons, and of failed binds as sentences. */
import { type Endpoint, formatEndpoint } from "../../core/address.js";
import { ListenError } from "../../core/errors.js";
import { reasonNumber } from "../../core/verdict.js";

const REASONS: Readonly<Record<string, number>> = {
  ECONNREFUSED: reasonNumber("backend_refused"),
  EAGAIN: reasonNumber("send_buffer_full"),
  ENOBUFS: reasonNumber("send_buffer_full"),
  ENOMEM: reasonNumber("send_buffer_full"),
  ENETUNREACH: reasonNumber("network_unreachable"),
  EHOSTUNREACH: reasonNumber("network_unreachable"),
  ENETDOWN: reasonNumber("network_unreachable"),
  EHOSTDOWN: reasonNumber("network_unreachable"),
  EADDRNOTAVAIL: reasonNumber("network_unreachable"),
  EMSGSIZE: reasonNumber("too_big"),
};
const OTHER = reasonNumber("send_failed");

/** The number in DROP_REASONS for a failed send. */
export function reasonOfError(error: NodeJS.ErrnoException): number {
  return REASONS[error.code ?? ""] ?? OTHER;
}

const BIND_HINTS: Readonly<Record<string, string>> = {
  EADDRINUSE: "the address is in use by another socket",
  EACCES: "permission denied; ports below 1024 need root or CAP_NET_BIND_SERVICE",
  EPERM: "permission denied",
  EADDRNOTAVAIL: "no interface of this machine has this address",
  EAFNOSUPPORT: "this machine does not support the address family",
  EMFILE: "too many open files; raise the limit (ulimit -n)",
  ENFILE: "the system has too many open files",
};

export function listenError(endpoint: Endpoint, error: unknown): ListenError {
  const cause = error as NodeJS.ErrnoException;
  const text = formatEndpoint(endpoint);
  const why = BIND_HINTS[cause.code ?? ""] ?? cause.message;
  return new ListenError(text, `cannot listen on ${text}: ${why}${cause.code ? ` (${cause.code})` : ""}`, {
    cause,
  });
}

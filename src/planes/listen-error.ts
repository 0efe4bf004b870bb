/** Why a listener could not be opened, in words: the same on every plane. */
import { type Endpoint, formatEndpoint } from "../core/address.js";
import { ListenError } from "../core/errors.js";
import { bindHint } from "../core/send-failure.js";

export function createListenError(
  endpoint: Endpoint,
  errorName: string | undefined,
  cause: unknown,
): ListenError {
  const text = formatEndpoint(endpoint);
  const why = bindHint(errorName) ?? (cause instanceof Error ? cause.message : String(cause));
  return new ListenError(text, `cannot listen on ${text}: ${why}${errorName ? ` (${errorName})` : ""}`, {
    cause,
  });
}

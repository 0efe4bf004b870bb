/**
 * What an old and a new `sluice run` say to each other during an upgrade, over the channel that Node opens between parent
 * and child:
 *
 *   old: starts the new one with SLUICE_UPGRADE and SLUICE_UPGRADE_ADMIN in its environment and the sockets as descriptors
 *   new: opens its listeners on them without receiving ─► "ready"
 *   old: stops receiving ─► "bindings" … "receive"
 *   new: receives, and answers the admin API on the old one's listening sockets ─► "receiving"
 *   old: closes its own ends of these
 *   new: is short of local ports, while the old one still holds ports that rest ─► "make-room"
 */
import type { HandoverSocket, NamedBinding } from "../handover.js";

/** A JSON list of HandoverSocket; the descriptors are those that the new process has. */
export const UPGRADE_VARIABLE = "SLUICE_UPGRADE";

/** A JSON list of pairs, [address as the config writes it, descriptor]. Missing where the old process is of an older version. */
export const UPGRADE_ADMIN_VARIABLE = "SLUICE_UPGRADE_ADMIN";

export type ToSuccessor =
  | { readonly type: "bindings"; readonly bindings: readonly NamedBinding[] }
  | { readonly type: "receive" };
export type FromSuccessor =
  | { readonly type: "ready" }
  | { readonly type: "receiving" }
  | { readonly type: "make-room" };

/** Bindings of one message. */
export const BINDINGS_AT_ONCE = 2000;

/** @throws SyntaxError, TypeError when it is not what an older process wrote */
export function parseAdminSockets(text: string): Map<string, number> {
  const pairs = JSON.parse(text) as [string, number][];
  const isGood = ([address, fd]: [string, number]): boolean =>
    typeof address === "string" && Number.isInteger(fd) && fd > 2;
  if (!Array.isArray(pairs) || !pairs.every(isGood))
    throw new TypeError(`unexpected ${UPGRADE_ADMIN_VARIABLE}`);
  return new Map(pairs);
}

/** @throws SyntaxError, TypeError when it is not what an older process wrote */
export function parseSockets(text: string): HandoverSocket[] {
  const sockets = JSON.parse(text) as HandoverSocket[];
  const isGood = ({ listener, address, fds }: HandoverSocket): boolean =>
    typeof listener === "string" &&
    typeof address === "string" &&
    fds.every((fd) => Number.isInteger(fd) && fd > 2);
  if (!Array.isArray(sockets) || !sockets.every(isGood))
    throw new TypeError(`unexpected ${UPGRADE_VARIABLE}`);
  return sockets;
}

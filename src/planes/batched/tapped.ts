/** Hands datagrams of the packet path to the taps. Only called while there are any. */
import { KEY_SCOPE, RECORD_WORDS } from "../../core/flow-record.js";
import type { Forwarder } from "../../core/forwarder.js";
import type { Taps } from "../../core/taps.js";
import type { Arena } from "../../linux/memory.js";
import type { Scopes } from "./scopes.js";

interface Parts {
  readonly arena: Arena;
  readonly forwarder: Forwarder;
  readonly scopes: Scopes;
  readonly taps: Taps;
}

/** A piece in the arena: one datagram, or several of `segment` bytes but for the last. */
export function copyPiece(
  { arena, forwarder, scopes, taps }: Parts,
  isReply: boolean,
  flow: number,
  offset: number,
  bytes: number,
  segment: number,
): void {
  const { table } = forwarder;
  const local = table.u32[flow * RECORD_WORDS + KEY_SCOPE] & 0xffff;
  const localIp = local === 0 ? undefined : scopes.local(local);
  taps.copy(isReply, table, flow, arena.u8, offset, bytes, segment, localIp);
}

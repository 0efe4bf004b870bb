/**
 * The part of a `node:dgram` socket that has no public name: its descriptor, and a pause in receiving. Node has kept it under
 * the same symbol since version 11; where it is not found, handing sockets over is refused and nothing else changes.
 */
import type { Socket } from "node:dgram";
import { NotSupportedError } from "../../core/errors.js";

export interface SocketHandle {
  readonly fd: number;
  recvStart(): number;
  recvStop(): number;
}

/** Of a bound socket. @throws NotSupportedError where this Node has no such handle */
export function handleOf(socket: Socket): SocketHandle {
  const symbol = Object.getOwnPropertySymbols(socket).find(
    ({ description }) => description === "state symbol",
  );
  const state = symbol === undefined ? undefined : Reflect.get(socket, symbol);
  const handle: unknown = (state as { handle?: unknown } | undefined)?.handle;
  if (!isHandle(handle)) {
    throw new NotSupportedError(`Node.js ${process.version} does not let its UDP sockets be handed over`);
  }
  return handle;
}

function isHandle(handle: unknown): handle is SocketHandle {
  if (typeof handle !== "object" || handle === null || !("recvStop" in handle && "recvStart" in handle))
    return false;
  return "fd" in handle && typeof handle.fd === "number" && handle.fd >= 0;
}

/** Opening `node:dgram` sockets: addresses that are already numbers, buffer sizes as far as the system allows. */
import { createSocket, type Socket, type SocketType } from "node:dgram";
import { once } from "node:events";
import type { IpAddress } from "../../core/address.js";
import { formatIp } from "../../core/address.js";

/** All our addresses are IP literals: answering at once keeps `node:dgram` from going through its resolver. */
type LookupCallback = (error: NodeJS.ErrnoException | null, address: string, family: number) => void;
function lookupLiteral(address: string, _options: unknown, callback: LookupCallback): void {
  callback(null, address, address.includes(":") ? 6 : 4);
}

/** An unbound socket for the address's family. */
export function createUdpSocket(
  family: 4 | 6,
  options: { ipv6Only?: boolean; reuseAddr?: boolean } = {},
): Socket {
  const type: SocketType = family === 4 ? "udp4" : "udp6";
  return createSocket({ type, lookup: lookupLiteral, ...options } as Parameters<typeof createSocket>[0]);
}

/** The address as `node:dgram` wants it, zone included. */
export function hostText(ip: IpAddress): string {
  return formatIp(ip);
}

/** Binds and waits until it is bound. Rejects with the system's error; the socket is then closed. */
export async function bindSocket(socket: Socket, address: string, port: number): Promise<void> {
  const bound = once(socket, "listening");
  try {
    socket.bind({ address, port, exclusive: true });
    await bound;
  } catch (error) {
    bound.catch(() => {});
    socket.close();
    throw error;
  }
}

/** A socket on a descriptor that is bound already; from then on it owns that. Throws the system's error. */
export function adoptSocket(socket: Socket, fd: number): void {
  try {
    socket.bind({ fd });
  } catch (error) {
    socket.close();
    throw error;
  }
}

/** Asks for kernel buffers of these sizes. Linux caps them silently; where too much is an error, half is asked for. */
export function setBuffers(socket: Socket, receiveBytes: number, sendBytes: number): void {
  setBuffer((bytes) => socket.setRecvBufferSize(bytes), receiveBytes);
  setBuffer((bytes) => socket.setSendBufferSize(bytes), sendBytes);
}

const SMALLEST_BUFFER_BYTES = 65_536;

function setBuffer(set: (bytes: number) => void, wanted: number): void {
  for (let bytes = wanted; bytes >= SMALLEST_BUFFER_BYTES; bytes = Math.floor(bytes / 2)) {
    try {
      set(bytes);
      return;
    } catch {
      // ENOBUFS: more than the system's maximum. The default stays if no size is accepted.
    }
  }
}

/** The connected sockets of a load's clients. */

import { toSocketAddress } from "../linux/endpoint.js";
import type { Libc } from "../linux/libc.js";
import { raiseDescriptorLimit } from "../linux/limits.js";
import { addressFamily, openUdpSocket, type UdpSocket } from "../linux/socket.js";
import type { CompletePlan } from "./load-options.js";

/** 127.0.1.1: the source of the first client when each has its own. */
const FIRST_SOURCE = 0x7f000101;
/** Generous, so that a burst of replies is lost by the target and not by us. */
const BUFFER_BYTES = 4 << 20;

/**
 * Opens one socket for each client; on failure none stays open. With addresses of their own all clients have the same
 * port: else they would be spread over all of them, and leave none to a target on this machine that opens sockets too.
 * @throws SyscallError
 */
export function openClientSockets(libc: Libc, plan: CompletePlan): UdpSocket[] {
  raiseDescriptorLimit(libc);
  const sockets: UdpSocket[] = [];
  try {
    for (let client = 0; client < plan.clients; client++) {
      const port = plan.distinctAddresses && client > 0 ? sockets[0].localAddress().port : 0;
      sockets.push(openClient(libc, plan, client, port));
    }
  } catch (error) {
    for (const socket of sockets) socket.close();
    throw error;
  }
  return sockets;
}

function openClient(libc: Libc, plan: CompletePlan, client: number, port: number): UdpSocket {
  const target = toSocketAddress(libc, plan.target);
  const socket = openUdpSocket(libc, {
    family: addressFamily(target),
    gro: plan.gso,
    receiveBufferBytes: BUFFER_BYTES,
    sendBufferBytes: BUFFER_BYTES,
  });
  try {
    if (plan.distinctAddresses) {
      socket.bind({ words: [0, 0, 0xffff, FIRST_SOURCE + client], scope: 0, port });
    }
    socket.connect(target);
  } catch (error) {
    socket.close();
    throw error;
  }
  return socket;
}

/** Ports for programs that cannot pick one themselves. */
import { createSocket } from "node:dgram";
import { once } from "node:events";

/** `count` different UDP ports of 127.0.0.1 that were free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const sockets = Array.from({ length: count }, () => createSocket("udp4"));
  for (const socket of sockets) {
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
  }
  const ports = sockets.map((socket) => socket.address().port);
  await Promise.all(sockets.map((socket) => new Promise<void>((resolve) => socket.close(() => resolve()))));
  return ports;
}

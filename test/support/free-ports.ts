/**
 * Ports for programs that cannot pick one themselves. They lie below those that systems give to sockets without a port, and
 * each process begins elsewhere: so nobody else takes one before the program has it.
 */
import { createSocket } from "node:dgram";
import { once } from "node:events";

/** Linux begins with 32,768, others later. */
const LOWEST = 10_000;
const HIGHEST = 32_767;
/** More than a test file asks for. */
const EACH_PROCESS = 32;

/** Those that only root may open, below those that services have. */
const PRIVILEGED = { lowest: 600, highest: 860 };

let next = LOWEST + ((process.pid * EACH_PROCESS) % (HIGHEST - LOWEST));

/** `count` different UDP ports of 127.0.0.1 that are free. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    if (await isFree(next)) ports.push(next);
    next = next === HIGHEST ? LOWEST : next + 1;
  }
  return ports;
}

/** `count` different ones of 127.0.0.1 that only root may open. */
export async function freePrivilegedPorts(count: number): Promise<number[]> {
  const { lowest, highest } = PRIVILEGED;
  const ports: number[] = [];
  for (let i = 0; ports.length < count; i++) {
    const port = lowest + ((process.pid * count + i) % (highest - lowest));
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}

async function isFree(port: number): Promise<boolean> {
  const socket = createSocket("udp4");
  const bound = once(socket, "listening").then(
    () => true,
    () => false,
  );
  socket.bind({ port, address: "127.0.0.1", exclusive: true });
  const isOurs = await bound;
  const closed = once(socket, "close");
  socket.close();
  await closed;
  return isOurs;
}

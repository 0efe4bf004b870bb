/**
 * Honest clients, in a process of their own: `node honest-program.js TO IP,... EVERY_MS`. Each has an address and a port and asks
 * again and again; beside them one asks from a new port each time. For each line of input it pauses until replies are in or late,
 * and says what was sent and answered since the last line.
 */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { formatIp, parseEndpoint } from "#src/core/address.js";

export interface HonestCount {
  readonly sent: number;
  readonly answered: number;
  readonly wrong: number;
  readonly newcomersSent: number;
  readonly newcomersAnswered: number;
}

const REPLIES_WITHIN_MS = 1000;

const [to, ips, everyMs] = process.argv.slice(2);
const { ip, port } = parseEndpoint(to);
const host = formatIp(ip);
const family = ip.family === 4 ? "udp4" : "udp6";
const start = () => ({ sent: 0, answered: 0, wrong: 0, newcomersSent: 0, newcomersAnswered: 0 });
let count = start();
let number = 0;
let pausing = false;
const unanswered = new Set<string>();

const sockets = await Promise.all(ips.split(",").map(openClient));
setInterval(() => pausing || sockets.forEach(ask), Number(everyMs));
setInterval(() => pausing || askAsNewcomer(), Number(everyMs));
process.stdout.write('"ready"\n');
for await (const _ of createInterface({ input: process.stdin })) {
  pausing = true;
  const untilMs = performance.now() + REPLIES_WITHIN_MS;
  while (unanswered.size > 0 && performance.now() < untilMs) await delay(5);
  await delay(50);
  process.stdout.write(`${JSON.stringify(count satisfies HonestCount)}\n`);
  count = start();
  unanswered.clear();
  pausing = false;
}
process.exit();

async function openClient(clientIp: string, i: number): Promise<Socket> {
  const socket = createSocket(family);
  socket.bind(0, clientIp);
  await once(socket, "listening");
  socket.on("message", (payload) => {
    const text = payload.toString();
    if (!text.startsWith(`${i}:`)) count.wrong++;
    else if (unanswered.delete(text)) count.answered++;
  });
  return socket;
}

function ask(socket: Socket, i: number): void {
  const text = `${i}:${number++}`;
  unanswered.add(text);
  count.sent++;
  socket.send(text, port, host);
}

function askAsNewcomer(): void {
  const socket = createSocket(family);
  const text = `newcomer:${number++}`;
  const counted = count;
  counted.newcomersSent++;
  const timer = setTimeout(() => socket.close(), REPLIES_WITHIN_MS);
  socket.on("message", (payload) => {
    if (payload.toString() === text) counted.newcomersAnswered++;
    else counted.wrong++;
    clearTimeout(timer);
    socket.close();
  });
  socket.send(text, port, host);
}

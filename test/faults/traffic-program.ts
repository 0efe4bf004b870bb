/**
 * The clients, a process of its own: open loop, at a fixed rate, however slow the answers are. Over IPC: `start`, `join` (more
 * clients), `replies` (so far, by backend), `stop` (the result).
 */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { answerMessages } from "./messages.js";
import { DNS, PLAIN, type Protocol } from "./numbered-request.js";
import { LATE_AFTER_MS, Tally } from "./tally.js";

interface Start {
  readonly host: string;
  readonly port: number;
  readonly clientHost: string;
  readonly clients: number;
  readonly perSecond: number;
  readonly dns: boolean;
}

const tally = new Tally();
const sockets: Socket[] = [];
let plan: Start;
let protocol: Protocol;
let timer: NodeJS.Timeout;

answerMessages({
  async start(start: Start) {
    plan = start;
    protocol = plan.dns ? DNS : PLAIN;
    await join(plan);
    const startMs = performance.now();
    timer = setInterval(() => sendDue(startMs), 1);
  },
  join,
  replies: () => tally.byTag,
  async stop() {
    clearInterval(timer);
    const untilMs = performance.now() + LATE_AFTER_MS;
    while (tally.unanswered > 0 && performance.now() < untilMs) await sleep(10);
    await sleep(100); // for what comes twice
    return tally.result();
  },
});

async function join({ clients }: { clients: number }): Promise<void> {
  for (let i = 0; i < clients; i++) {
    const client = sockets.length;
    const socket = createSocket("udp4");
    socket.on("message", (reply) => tally.received(client, reply.length, protocol.readReply(reply)));
    socket.bind(0, plan.clientHost);
    await once(socket, "listening");
    sockets.push(socket);
  }
}

function sendDue(startMs: number): void {
  const due = ((performance.now() - startMs) * plan.perSecond) / 1000;
  while (tally.next < due) {
    const number = tally.next;
    const client = number % sockets.length;
    tally.sent(client);
    // Where even the kernel says that it cannot be sent, it is lost like any other.
    sockets[client]!.send(protocol.createRequest(client, number), plan.port, plan.host, () => {});
  }
}

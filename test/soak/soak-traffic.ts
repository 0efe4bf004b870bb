/** Numbered requests at a fixed rate from clients that come and go, and when each of those that had no reply was sent. */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { formatIp, parseEndpoint } from "#src/core/address.js";
import type { DrawBelow } from "#src/lab/seeded-random.js";

const CLIENTS = 48;
/** A client stays open so long after its last request. */
const LINGER_MS = 2500;
const REPLY_WITHIN_MS = 2000;
const CHURN_EVERY_MS = 25;
const DIGITS = 10;
const LONGEST = 500;
/** Requests whose fate is known still: a minute of them at the usual rate. */
const REMEMBERED = 120_000;
const MOST_SAMPLES = 5;
const SAMPLE_BYTES = 40;

interface Request {
  readonly client: Socket;
  readonly sentAtMs: number;
  readonly bytes: number;
}

export class SoakTraffic {
  sent = 0;
  answered = 0;
  /** Replies that nobody should have had, by what they are. */
  readonly wrong = { crossed: 0, doubled: 0, broken: 0 };
  /** The beginning of the first broken ones, to tell whose they are. */
  readonly broken: string[] = [];
  /** Replies that came when they had been given up: they count as lost. */
  late = 0;
  /** Datagrams from somebody else than the balancer, to whoever had a client's port before. */
  strays = 0;
  clients = 0;
  /** When they were sent. */
  readonly lostAtMs: number[] = [];
  readonly #draw: DrawBelow;
  readonly #perSecond: number;
  readonly #host: string;
  readonly #port: number;
  readonly #sockets: Socket[] = [];
  readonly #waiting = new Map<number, Request>();
  /** What became of requests: those of the last minute or so, in order. */
  readonly #done = new Map<number, Request & { readonly answered: boolean }>();
  readonly #timers: NodeJS.Timeout[] = [];
  #due = 0;
  #lastMs = performance.now();
  paused = false;

  constructor(to: string, perSecond: number, draw: DrawBelow) {
    const { ip, port } = parseEndpoint(to);
    this.#host = formatIp(ip);
    this.#port = port;
    this.#perSecond = perSecond;
    this.#draw = draw;
  }

  async start(): Promise<void> {
    for (let i = 0; i < CLIENTS; i++) this.#sockets.push(await this.#open());
    this.#lastMs = performance.now();
    this.#timers.push(setInterval(() => this.#send(), 1));
    this.#timers.push(setInterval(() => this.#churn(), CHURN_EVERY_MS));
    this.#timers.push(setInterval(() => this.#sweep(performance.now() - REPLY_WITHIN_MS), 250));
  }

  /** Stops, and waits for what is under way. */
  async stop(): Promise<void> {
    this.paused = true;
    const untilMs = performance.now() + REPLY_WITHIN_MS;
    while (this.#waiting.size > 0 && performance.now() < untilMs) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    for (const timer of this.#timers) clearInterval(timer);
    this.#sweep(Number.POSITIVE_INFINITY);
    for (const socket of this.#sockets) socket.close();
  }

  async #open(): Promise<Socket> {
    const socket = createSocket("udp4");
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    socket.setRecvBufferSize(2 ** 20);
    socket.on("message", (payload, { port }) => {
      if (port === this.#port) this.#receive(socket, payload);
      else this.strays++;
    });
    this.clients++;
    return socket;
  }

  #send(): void {
    const nowMs = performance.now();
    if (!this.paused) this.#due += ((nowMs - this.#lastMs) * this.#perSecond) / 1000;
    this.#lastMs = nowMs;
    for (; this.#due >= 1; this.#due--) {
      const number = this.sent++;
      const client = this.#sockets[this.#draw(this.#sockets.length)];
      const bytes = DIGITS + this.#draw(LONGEST - DIGITS);
      this.#waiting.set(number, { client, sentAtMs: nowMs, bytes });
      client.send(payloadOf(number, bytes), this.#port, this.#host);
    }
  }

  #receive(client: Socket, payload: Buffer): void {
    const number = Number(payload.toString("latin1", 0, DIGITS));
    const waiting = this.#waiting.get(number);
    const request = waiting ?? this.#done.get(number);
    if (request === undefined || payload.toString("latin1") !== payloadOf(number, request.bytes)) {
      this.wrong.broken++;
      if (this.broken.length < MOST_SAMPLES) this.broken.push(payload.toString("latin1", 0, SAMPLE_BYTES));
    } else if (request.client !== client) this.wrong.crossed++;
    else if (waiting !== undefined) this.#settle(number, waiting, true);
    else if (this.#done.get(number)?.answered) this.wrong.doubled++;
    else this.late++;
  }

  #settle(number: number, request: Request, answered: boolean): void {
    this.#waiting.delete(number);
    this.#done.set(number, { ...request, answered });
    for (const oldest of this.#done.keys()) {
      if (this.#done.size <= REMEMBERED) break;
      this.#done.delete(oldest);
    }
    if (answered) this.answered++;
    else this.lostAtMs.push(request.sentAtMs);
  }

  async #churn(): Promise<void> {
    if (this.paused) return;
    const fresh = await this.#open();
    const place = this.#draw(this.#sockets.length);
    const old = this.#sockets[place];
    this.#sockets[place] = fresh;
    setTimeout(() => old.close(), LINGER_MS);
  }

  #sweep(beforeMs: number): void {
    for (const [number, request] of this.#waiting) {
      if (request.sentAtMs >= beforeMs) return;
      this.#settle(number, request, false);
    }
  }
}

function payloadOf(number: number, bytes: number): string {
  return `${number}`.padStart(DIGITS, "0").padEnd(bytes, String.fromCharCode(97 + (number % 26)));
}

/** Numbered requests at a fixed rate, however late the timer comes, for tests that count what a fault costs. */
import type { TestContext } from "node:test";
import { type Datagram, UdpPeer } from "./udp-peer.js";
import { eventually } from "./waiting.js";

export interface NumberedTrafficOptions {
  readonly clients: number;
  readonly perSecond: number;
  /** Bytes of the longest request; the shortest has 8. Every fourth is as long as that. */
  readonly longest: number;
}

export interface NumberedResult {
  readonly sent: number;
  /** Numbers of requests without a reply. */
  readonly missing: readonly number[];
  /** Replies that came a second time, or were not what their client had sent, empty ones among them. */
  readonly wrong: readonly string[];
}

const DIGITS = 8;

/** The backends must echo. */
export async function openNumberedTraffic(
  t: TestContext,
  to: string,
  options: NumberedTrafficOptions,
): Promise<NumberedTraffic> {
  const peers = await Promise.all(Array.from({ length: options.clients }, () => UdpPeer.open(t)));
  const traffic = new NumberedTraffic(peers, to, options);
  t.after(() => traffic.halt());
  return traffic;
}

export class NumberedTraffic {
  readonly #peers: readonly UdpPeer[];
  readonly #to: string;
  readonly #options: NumberedTrafficOptions;
  readonly #unanswered = new Set<number>();
  readonly #wrong: string[] = [];
  readonly #timer: NodeJS.Timeout;
  readonly #startMs = performance.now();
  #sent = 0;

  constructor(peers: readonly UdpPeer[], to: string, options: NumberedTrafficOptions) {
    this.#peers = peers;
    this.#to = to;
    this.#options = options;
    for (const [client, peer] of peers.entries()) peer.serve((datagram) => this.#receive(client, datagram));
    this.#timer = setInterval(() => this.#sendDue(), 1);
  }

  halt(): void {
    clearInterval(this.#timer);
  }

  /** Stops sending, and waits a moment for what is under way. */
  async stop(): Promise<NumberedResult> {
    this.halt();
    await eventually(() => {
      if (this.#unanswered.size > 0) throw new Error("replies are missing");
    }, 500).catch(() => {});
    return { sent: this.#sent, missing: [...this.#unanswered], wrong: this.#wrong };
  }

  #sendDue(): void {
    const due = ((performance.now() - this.#startMs) * this.#options.perSecond) / 1000;
    while (this.#sent < due) {
      const number = this.#sent++;
      this.#unanswered.add(number);
      this.#peers[number % this.#peers.length].send(this.#payload(number), this.#to);
    }
  }

  #payload(number: number): string {
    const { longest } = this.#options;
    const bytes = number % 4 === 0 ? longest : DIGITS + ((number * 37) % (longest - DIGITS));
    return `${number}`.padStart(DIGITS, "0").padEnd(bytes, String.fromCharCode(97 + (number % 26)));
  }

  #receive(client: number, { text }: Datagram): void {
    const number = Number(text.slice(0, DIGITS));
    const isOurs = text.length >= DIGITS && number % this.#peers.length === client;
    if (!isOurs || text !== this.#payload(number) || !this.#unanswered.delete(number)) {
      this.#wrong.push(`client ${client} got ${text.length} bytes: ${text.slice(0, 20)}`);
    }
  }
}

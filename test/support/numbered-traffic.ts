/** Numbered requests at a steady rate, for tests that count what a fault costs. */
import type { TestContext } from "node:test";
import { type Datagram, UdpPeer } from "./udp-peer.js";
import { eventually } from "./waiting.js";

export interface NumberedTrafficOptions {
  readonly clients: number;
  readonly perSecond: number;
  /** Bytes of the longest request; the shortest has 8. Every fourth is as long as that. */
  readonly longest: number;
}

/**
 * Requests of the last moment that may be without a reply before the next ones wait, so that no socket buffer on the way
 * overflows, however long a busy machine lets it wait: what is missing was lost for another reason.
 */
const MOST_UNDER_WAY = 60;
/** When nothing has been answered for so long, what is under way is taken for lost and holds up the next ones no more. */
const STUCK_MS = 1000;
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
  #answered = 0;
  #answeredAtMs = performance.now();
  #writtenOff = 0;

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

  /** So many so far. */
  get sent(): number {
    return this.#sent;
  }

  /** Numbers of requests without a reply so far. */
  get missing(): readonly number[] {
    return [...this.#unanswered];
  }

  /** Replies that came a second time, or were not what their client had sent, empty ones among them. */
  get wrong(): readonly string[] {
    return this.#wrong;
  }

  /** Resolves when so many more requests than now have been answered. */
  answered(more: number): Promise<void> {
    const goal = this.#answered + more;
    return eventually(() => {
      if (this.#answered < goal) throw new Error(`${this.#answered} requests answered, ${goal} wanted`);
    });
  }

  #sendDue(): void {
    const nowMs = performance.now();
    if (nowMs - this.#answeredAtMs > STUCK_MS) {
      this.#answeredAtMs = nowMs;
      this.#writtenOff = this.#unanswered.size;
    }
    const due = ((nowMs - this.#startMs) * this.#options.perSecond) / 1000;
    while (this.#sent < due && this.#unanswered.size - this.#writtenOff < MOST_UNDER_WAY) {
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
      return;
    }
    this.#answered++;
    this.#answeredAtMs = performance.now();
  }
}

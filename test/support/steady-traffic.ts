/** Numbered requests at a steady pace, for tests that change something meanwhile and want to know what it cost. */
import type { TestContext } from "node:test";
import type { Cancel, Clock } from "#src/core/clock.js";
import { createSystemClock } from "#src/core/clock.js";
import type { OpenPeer, Peer } from "./peer.js";
import { UdpPeer } from "./udp-peer.js";
import { DEADLINE_MS, eventually } from "./waiting.js";

export interface TrafficResult {
  readonly sent: number;
  /** Requests without a reply, as client/number. */
  readonly missing: readonly string[];
  /** Replies that came a second time, or to a client that had not asked. */
  readonly twice: readonly string[];
}

export interface TrafficOptions {
  readonly clients: number;
  /** Milliseconds between two requests of a client. Default 3. */
  readonly everyMs?: number;
  /**
   * Requests that may be without a reply before the next ones wait. Default 100, which the smallest of all socket buffers on
   * the way holds, however long a busy machine lets it wait: so what is missing was lost by the balancer.
   */
  readonly mostUnanswered?: number;
}

/** Where it goes by. Default: sockets, and the machine's clock. */
export interface TrafficSetting {
  readonly openPeer: OpenPeer;
  readonly clock: Clock;
  readonly eventually: typeof eventually;
}

const SOCKETS: TrafficSetting = { openPeer: UdpPeer.open, clock: createSystemClock(), eventually };

/** Sends until it is stopped. The backends must answer with `tag`: a colon and the request. */
export async function openSteadyTraffic(
  t: TestContext,
  to: string,
  options: TrafficOptions,
  setting = SOCKETS,
): Promise<SteadyTraffic> {
  const peers = await Promise.all(Array.from({ length: options.clients }, () => setting.openPeer(t)));
  const traffic = new SteadyTraffic(peers, to, options, setting);
  t.after(() => traffic.halt());
  return traffic;
}

export class SteadyTraffic {
  readonly #peers: readonly Peer[];
  readonly #setting: TrafficSetting;
  readonly #unanswered = new Set<string>();
  readonly #twice: string[] = [];
  readonly #mostUnanswered: number;
  readonly #endSending: Cancel;
  #rounds = 0;
  #answered = 0;
  #writtenOff = 0;

  constructor(
    peers: readonly Peer[],
    to: string,
    { everyMs = 3, mostUnanswered = 100 }: TrafficOptions,
    setting = SOCKETS,
  ) {
    this.#peers = peers;
    this.#setting = setting;
    this.#mostUnanswered = mostUnanswered;
    for (const [client, peer] of peers.entries()) peer.serve(({ text }) => this.#receive(client, text));
    this.#endSending = setting.clock.every(everyMs, () => this.#send(to));
  }

  /** Resolves when so many more requests than now have been answered. */
  answered(more: number, timeoutMs?: number): Promise<void> {
    const goal = this.#answered + more;
    return this.#setting.eventually(() => {
      if (this.#answered < goal) throw new Error(`${this.#answered} requests answered, ${goal} wanted`);
    }, timeoutMs);
  }

  /** Requests without a reply so far, as client/number. */
  get missing(): readonly string[] {
    return [...this.#unanswered];
  }

  /**
   * Something that loses requests has happened: those that are unanswered now hold up no later ones.
   * @returns the number of the next round: what was sent before has a smaller one
   */
  writeOff(): number {
    this.#writtenOff = this.#unanswered.size;
    return this.#rounds;
  }

  halt(): void {
    this.#endSending();
  }

  /**
   * Stops sending, and waits for what is under way.
   * @param patienceMs how long; a test that counts on lost requests gives less
   */
  async stop(patienceMs = DEADLINE_MS): Promise<TrafficResult> {
    this.halt();
    const none = () => {
      if (this.#unanswered.size > 0) throw new Error("replies are missing");
    };
    await this.#setting.eventually(none, patienceMs).catch(() => {});
    return {
      sent: this.#rounds * this.#peers.length,
      missing: [...this.#unanswered],
      twice: this.#twice,
    };
  }

  #send(to: string): void {
    if (this.#unanswered.size + this.#peers.length > this.#mostUnanswered + this.#writtenOff) return;
    const round = this.#rounds++;
    for (const [client, peer] of this.#peers.entries()) {
      const request = `${client}/${round}`;
      this.#unanswered.add(request);
      peer.send(request, to);
    }
  }

  #receive(client: number, text: string): void {
    const request = text.slice(text.indexOf(":") + 1);
    const isOurs = request.startsWith(`${client}/`) && this.#unanswered.delete(request);
    if (isOurs) this.#answered++;
    else this.#twice.push(request);
  }
}

/** Who guesses tokens: each address has ten tries a minute. */
import { parseIp } from "../core/address.js";

const TRIES = 10;
const PER_MS = 60_000;
/** Addresses known at once. Whoever has more than these to send from is not stopped by counting. */
const MAX_ADDRESSES = 1_000;

export class WrongTokens {
  /** In the order of their first try. */
  readonly #tries = new Map<string, { count: number; readonly untilMs: number }>();

  /** How long an address must wait; 0 when it may try. */
  waitMs(from: string, nowMs: number): number {
    const tries = this.#tries.get(networkOf(from));
    return tries === undefined || tries.count < TRIES ? 0 : Math.max(0, tries.untilMs - nowMs);
  }

  /** A wrong token came from there. */
  count(from: string, nowMs: number): void {
    const key = networkOf(from);
    const tries = this.#tries.get(key);
    if (tries !== undefined && tries.untilMs > nowMs) {
      tries.count++;
      return;
    }
    this.#tries.delete(key);
    const [oldest] = this.#tries.keys();
    if (this.#tries.size >= MAX_ADDRESSES && oldest !== undefined) this.#tries.delete(oldest);
    this.#tries.set(key, { count: 1, untilMs: nowMs + PER_MS });
  }
}

/** The /64 of an IPv6 address, for that much is everybody's. Other texts (a Unix socket) stay. */
function networkOf(from: string): string {
  if (!from.includes(":")) return from;
  const { words } = parseIp(from);
  const isMapped = words[0] === 0 && words[1] === 0 && words[2] === 0xffff;
  return isMapped ? `4 ${words[3]}` : `6 ${words[0]} ${words[1]}`;
}

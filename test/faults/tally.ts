/** What became of every request: the accounts of one run, kept by the process that sends. */
import { monotonicMs } from "./monotonic.js";

/** An answer that takes longer is as good as none for most protocols. */
export const LATE_AFTER_MS = 1000;

export interface TallyResult {
  readonly sent: number;
  /** Within a second. */
  readonly answered: number;
  /** Answered, but later. */
  readonly late: number;
  readonly lost: number;
  readonly empty: number;
  readonly doubled: number;
  /** Replies that reached another client than the one that had asked. */
  readonly misdelivered: number;
  /** Replies that were not what any client had asked for. */
  readonly bad: number;
  /** When the requests were sent that are lost or late, on the monotonic clock, in order. */
  readonly missedAtMs: readonly number[];
  /** The longest that an answer took; 0 without any. */
  readonly slowestMs: number;
}

interface Sent {
  readonly client: number;
  readonly atMs: number;
  answeredMs: number | undefined;
}

export class Tally {
  readonly #sent: Sent[] = [];
  readonly #byTag = new Map<number, number>();
  readonly #wrong = { empty: 0, doubled: 0, misdelivered: 0, bad: 0 };
  #unanswered = 0;

  /** The number of the next request. */
  get next(): number {
    return this.#sent.length;
  }

  get unanswered(): number {
    return this.#unanswered;
  }

  /** Replies so far of each backend. */
  get byTag(): readonly (readonly [tag: number, replies: number])[] {
    return [...this.#byTag];
  }

  sent(client: number): void {
    this.#sent.push({ client, atMs: monotonicMs(), answeredMs: undefined });
    this.#unanswered++;
  }

  received(
    client: number,
    bytes: number,
    reply: { client: number; number: number; tag: number } | undefined,
  ) {
    if (bytes === 0) return this.#wrong.empty++;
    const request = reply && this.#sent[reply.number];
    if (request === undefined || request.client !== reply!.client) return this.#wrong.bad++;
    if (request.client !== client) return this.#wrong.misdelivered++;
    if (request.answeredMs !== undefined) return this.#wrong.doubled++;
    request.answeredMs = monotonicMs();
    this.#unanswered--;
    return this.#byTag.set(reply!.tag, (this.#byTag.get(reply!.tag) ?? 0) + 1);
  }

  result(): TallyResult {
    const lost = this.#sent.filter(({ answeredMs }) => answeredMs === undefined);
    const late = this.#sent.filter(
      ({ answeredMs, atMs }) => answeredMs !== undefined && answeredMs - atMs > LATE_AFTER_MS,
    );
    return {
      sent: this.#sent.length,
      answered: this.#sent.length - lost.length - late.length,
      late: late.length,
      lost: lost.length,
      ...this.#wrong,
      slowestMs: this.#sent.reduce(
        (most, { answeredMs, atMs }) => Math.max(most, answeredMs === undefined ? 0 : answeredMs - atMs),
        0,
      ),
      missedAtMs: [...lost, ...late].map(({ atMs }) => atMs).sort((a, b) => a - b),
    };
  }
}

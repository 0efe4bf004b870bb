/**
 * The balancer's events, as they happen: read with `fetch`, which can send a token where `EventSource` cannot, and taken up
 * again after the last one seen when the stream breaks.
 */
import { type ApiClient, ApiError } from "../api/client.js";
import { createSseParser, type StreamMessage } from "../api/sse-parser.js";
import type { EventView } from "../api/views.js";

/** `missed`: a gap, as more happened than the balancer keeps; `restarted`: numbering began anew. */
export type LogEntry =
  | EventView
  | {
      readonly id: number;
      readonly at: string;
      readonly type: "missed" | "restarted";
      readonly data: Record<string, unknown>;
    };

const MOST_KEPT = 1000;
const RETRY_MS = 1000;

export class EventLog {
  readonly #client: ApiClient;
  #entries: readonly LogEntry[] = [];
  #lastId: string | undefined;
  #stream: AbortController | undefined;

  constructor(client: ApiClient) {
    this.#client = client;
  }

  /** Oldest first. */
  get entries(): readonly LogEntry[] {
    return this.#entries;
  }

  /** Whether the stream is open now. */
  get isOpen(): boolean {
    return this.#stream !== undefined;
  }

  /** Opens the stream unless it is open; call it again whenever there is a connection. */
  open(): void {
    if (this.#stream !== undefined) return;
    const stream = new AbortController();
    this.#stream = stream;
    void this.#read(stream.signal)
      .catch(() => {})
      .finally(() => {
        setTimeout(() => {
          if (this.#stream === stream) this.#stream = undefined;
        }, RETRY_MS);
      });
  }

  /** The balancer is another process now: its events are numbered from the beginning. */
  restart(): void {
    this.#stream?.abort();
    this.#stream = undefined;
    if (this.#lastId !== undefined)
      this.#add([{ id: 0, at: new Date().toISOString(), type: "restarted", data: {} }]);
    this.#lastId = undefined;
  }

  async #read(signal: AbortSignal): Promise<void> {
    const headers: Record<string, string> = { accept: "text/event-stream" };
    if (this.#lastId !== undefined) headers["last-event-id"] = this.#lastId;
    const response = await this.#client.fetch("events", { headers, signal });
    if (response.body === null) throw new ApiError(response.status, "NO_BODY", "no stream");
    const parser = createSseParser();
    const decoder = new TextDecoder();
    const reader = response.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const messages = parser.feed(decoder.decode(value, { stream: true }));
      if (!signal.aborted && messages.length > 0) this.#accept(messages);
    }
  }

  #accept(messages: readonly StreamMessage[]): void {
    this.#lastId = messages.at(-1)!.id || this.#lastId;
    this.#add(messages.map(entryOf).filter((entry) => entry !== undefined));
  }

  #add(entries: readonly LogEntry[]): void {
    this.#entries = [...this.#entries, ...entries].slice(-MOST_KEPT);
  }
}

function entryOf({ event, data }: StreamMessage): LogEntry | undefined {
  const parsed = JSON.parse(data) as EventView | Record<string, unknown>;
  if (event !== "missed") return parsed as EventView;
  return { id: 0, at: new Date().toISOString(), type: "missed", data: parsed as Record<string, unknown> };
}

/** What happened lately, numbered, so that a reader who lost the connection can go on where he was. */
import type { Balancer, BalancerEvents } from "../api.js";
import { ConfigError } from "../config/config-error.js";
import { EVENT_TYPES } from "../core/event-types.js";
import type { EventType, EventView } from "./schemas.js";

/** Events kept. */
export const KEPT_EVENTS = 1_000;

export interface EventsSince {
  /** Oldest first. */
  readonly events: readonly EventView[];
  /** Later than the one asked for, and no longer kept. */
  readonly missed: number;
}

export class EventLog {
  readonly #ring: EventView[] = [];
  /** Ids above are this log's. */
  readonly #before: number;
  #lastId: number;
  readonly #readers = new Set<(event: EventView) => void>();

  /**
   * @param before less than the first id. Milliseconds since 1970 are more than any id of a process before this one, so that nobody
   *   takes an event of one for the other's.
   */
  constructor(before = Date.now()) {
    this.#before = before;
    this.#lastId = before;
  }

  get lastId(): number {
    return this.#lastId;
  }

  add(type: EventType, data: EventView["data"]): void {
    const event = { id: ++this.#lastId, at: new Date().toISOString(), type, data };
    this.#ring[event.id % KEPT_EVENTS] = event;
    for (const reader of [...this.#readers]) reader(event);
  }

  /** The events after one, at most the newest `limit`. An id that is not this log's is another process's: all are told. */
  since(id: number, limit = KEPT_EVENTS): EventsSince {
    const after = id > this.#lastId || id < this.#before ? this.#before : id;
    const firstKept = Math.max(this.#before, this.#lastId - KEPT_EVENTS) + 1;
    const first = Math.max(after + 1, firstKept, this.#lastId - limit + 1);
    const events: EventView[] = [];
    for (let next = first; next <= this.#lastId; next++) events.push(this.#ring[next % KEPT_EVENTS]);
    return { events, missed: Math.max(0, firstKept - after - 1) };
  }

  /** Tells each later event, until the function that it gives is called. */
  follow(reader: (event: EventView) => void): () => void {
    this.#readers.add(reader);
    return () => this.#readers.delete(reader);
  }
}

/** Fills a log from a balancer; the function that it gives ends that. */
export function recordEvents(balancer: Pick<Balancer, "on" | "off">, log: EventLog): () => void {
  const ends = EVENT_TYPES.map((type) => {
    const listener = (argument: BalancerEvents[EventType][0]) => log.add(type, toData(type, argument));
    balancer.on(type, listener);
    return () => balancer.off(type, listener);
  });
  return () => {
    for (const end of ends) end();
  };
}

function toData(type: EventType, argument: BalancerEvents[EventType][0]): EventView["data"] {
  if (argument instanceof Error) return describeError(argument);
  if (type === "listening") return { listeners: argument };
  return { ...(argument as object) };
}

function describeError(error: Error): EventView["data"] {
  const code = (error as { readonly code?: unknown }).code;
  return {
    code: typeof code === "string" ? code : "INTERNAL",
    message: error.message,
    ...(error instanceof ConfigError && { problems: error.problems, more: error.more }),
  };
}

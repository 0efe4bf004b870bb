/** What happened, and what happens: as a list, or as a stream of server-sent events. */

import { EVENT_TYPES } from "../../core/event-types.js";
import type { Api, App } from "../app.js";
import { BoundedStream } from "../bounded-stream.js";
import type { EventLog } from "../event-log.js";
import { RequestError } from "../request-error.js";
import { eventsHeaders, eventsQuery } from "../schema-requests.js";
import { type EventType, type EventView, eventsView } from "../schemas.js";

/** Keeps a quiet stream from looking dead to what is in between. */
const COMMENT_EVERY_MS = 15_000;
/** Half of the connections that an address has: the other half is for everybody else. */
const MAX_STREAMS = 32;

export function addEventRoutes(app: App, api: Api): void {
  let open = 0;
  app.get(
    "/api/v1/events",
    {
      exposeHeadRoute: false,
      schema: {
        ...{ tags: ["Events"], summary: "What happened, and what happens" },
        description:
          "A stream of server-sent events, which goes on after Last-Event-ID where that is given; an event `missed` tells of a gap. " +
          "Accept: application/json gives what is kept as a list.",
        querystring: eventsQuery,
        headers: eventsHeaders,
        response: {
          200: {
            description: "Events, oldest first.",
            content: {
              "text/event-stream": { schema: { type: "string" } },
              "application/json": { schema: eventsView },
            },
          },
        },
      },
    },
    ({ query, headers }, reply) => {
      const types = parseTypes(query.types);
      const lastId = parseLastId(headers["last-event-id"]);
      if (/\bapplication\/json\b/i.test(headers.accept ?? "")) {
        return reply.type("application/json").send(listEvents(api.events, lastId, types, query.limit));
      }
      if (open >= MAX_STREAMS) {
        throw new RequestError(
          429,
          "TOO_MANY_STREAMS",
          `${MAX_STREAMS} streams of events are open, the most there may be`,
        );
      }
      const stream = openEventStream(api, { lastId, types, limit: query.limit });
      open++;
      stream.once("close", () => open--);
      return reply.type("text/event-stream").header("x-accel-buffering", "no").send(stream);
    },
  );
}

interface Wish {
  /** The last event that the reader has; undefined for one who has none. */
  readonly lastId: number | undefined;
  readonly types: ReadonlySet<EventType>;
  readonly limit: number;
}

function listEvents(log: EventLog, lastId: number | undefined, types: Wish["types"], limit: number) {
  const { events, missed } = log.since(lastId ?? 0);
  const wanted = events.filter(({ type }) => types.has(type)).slice(-limit);
  return { events: wanted, missed: lastId === undefined ? 0 : missed };
}

/** The past that was asked for, then what happens, until the reader goes, lags, or the server closes. */
function openEventStream(api: Api, { lastId, types, limit }: Wish): BoundedStream {
  const { events, missed } = listEvents(api.events, lastId, types, limit);
  const stream = new BoundedStream({
    onLag: () => api.warn("slow_reader", "a reader of events was too slow and has been cut off"),
    onClose: () => {
      clearInterval(comments);
      stopFollowing();
      api.closing.removeEventListener("abort", finish);
    },
  });
  const finish = (): void => stream.finish();
  const stopFollowing = api.events.follow((event) => {
    if (types.has(event.type)) stream.offer(formatEvent(event));
  });
  const comments = setInterval(() => stream.offer(":\n\n"), COMMENT_EVERY_MS).unref();
  api.closing.addEventListener("abort", finish);
  stream.offer("retry: 2000\n\n");
  if (missed > 0) stream.offer(`event: missed\ndata: ${JSON.stringify({ count: missed })}\n\n`);
  for (const event of events) stream.offer(formatEvent(event));
  return stream;
}

function formatEvent(event: EventView): string {
  return `id: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}

function parseTypes(text: string | undefined): ReadonlySet<EventType> {
  if (text === undefined) return new Set(EVENT_TYPES);
  const types = text.split(",");
  const isType = (type: string): type is EventType => EVENT_TYPES.includes(type as EventType);
  if (!types.every(isType)) {
    throw new RequestError(400, "REQUEST_INVALID", `query.types: expected some of ${EVENT_TYPES.join(", ")}`);
  }
  return new Set(types);
}

function parseLastId(header: string | string[] | undefined): number | undefined {
  return typeof header === "string" && /^\d{1,15}$/.test(header) ? Number(header) : undefined;
}

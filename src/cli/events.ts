/** `sluice events`: what happened, and with `-f` what happens from then on. */
import { setTimeout as delay } from "node:timers/promises";
import type { EventView } from "../admin/schemas.js";
import { quote } from "../config/key-path.js";
import { didYouMean } from "../config/nearest.js";
import { EVENT_TYPES } from "../core/event-types.js";
import { askEvents, readEvent } from "./admin-answers.js";
import { type AdminClient, parseJson } from "./admin-client.js";
import { type AskFlags, withAdmin } from "./admin-command.js";
import { AdminError } from "./admin-errors.js";
import { UsageError } from "./errors.js";
import { readEventStream, type StreamedEvent } from "./event-stream.js";
import type { Output } from "./output.js";
import { abortOnStop } from "./stop-signal.js";
import { formatEvent } from "./view/event-line.js";

export interface EventsFlags extends AskFlags {
  readonly follow?: true;
  readonly types?: string;
  readonly limit: number;
}

const RETRY_MS = 1_000;
/** A balancer that is replaced by its next version is back long before. */
const RETRIES = 30;

export async function showEvents({ json, follow, types, limit, ...flags }: EventsFlags): Promise<void> {
  if (types !== undefined) checkTypes(types);
  return withAdmin(flags, async (client, output) => {
    if (follow) {
      await followEvents(client, { types, limit }, (event) => printEvent(event, json, output), output);
      return;
    }
    const answer = await askEvents(client, { query: { types, limit } });
    if (json) output.json(answer);
    else for (const event of answer.events) output.line(formatEvent(event, output.paint));
  });
}

/** @throws UsageError */
function checkTypes(list: string): void {
  for (const type of list.split(",")) {
    if ((EVENT_TYPES as readonly string[]).includes(type)) continue;
    const hint = didYouMean(type, EVENT_TYPES) || `, expected some of ${EVENT_TYPES.join(", ")}`;
    throw new UsageError(`--types: no event has the type ${quote(type)}${hint}`);
  }
}

/** With `--json` one line an event. */
function printEvent(event: EventView, json: true | undefined, output: Output): void {
  if (json) output.jsonLine(event);
  else output.line(formatEvent(event, output.paint));
}

/** Until a signal stops it. A connection that breaks is opened again, and goes on after the last event. */
async function followEvents(
  client: AdminClient,
  query: { readonly types: string | undefined; readonly limit: number },
  onEvent: (event: EventView) => void,
  output: Output,
): Promise<void> {
  const { signal, close } = abortOnStop();
  let last: string | undefined;
  let failures = 0;
  try {
    for (;;) {
      try {
        const headers = { accept: "text/event-stream", ...(last !== undefined && { "last-event-id": last }) };
        const stream = await client.stream("/api/v1/events", { query, headers, signal });
        if (failures > 0) output.note("connected again");
        failures = 0;
        for await (const streamed of readEventStream(stream)) {
          if (streamed.type === "missed") output.note(`missed events: ${streamed.data}`);
          else onEvent(toEvent(streamed, client));
          last = streamed.id ?? last;
        }
      } catch (error) {
        if (signal.aborted) return;
        if (!isPassing(error) || (failures === 0 && last === undefined) || failures >= RETRIES) throw error;
      }
      if (signal.aborted) return;
      if (failures++ === 0) output.note("the stream of events has ended; trying again");
      await delay(RETRY_MS, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
    }
  } finally {
    close();
  }
}

/** The whole event as the API's list has it. */
function toEvent({ data }: StreamedEvent, client: AdminClient): EventView {
  return readEvent(parseJson({ text: data }, client.access), client);
}

/** Not a refusal, and not something else than a balancer. */
function isPassing(error: unknown): boolean {
  if (error instanceof AdminError) return error.code === "ADMIN_UNREACHABLE" || (error.status ?? 0) >= 500;
  return error instanceof Error && "code" in error;
}

/** The last ten minutes: samples to draw, and what was counted since a moment. */
import { parseDuration } from "../../config/units.js";
import type { Api, App } from "../app.js";
import { KEPT_SAMPLES } from "../history.js";
import { viewCounters, viewHistory } from "../history-view.js";
import { RequestError } from "../request-error.js";
import { countersQuery, historyQuery } from "../schema-requests.js";
import { countersView, historyView } from "../schemas.js";

const tags = ["Figures"];
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/;

export function addHistoryRoutes(app: App, { balancer, history }: Api): void {
  app.get(
    "/api/v1/history",
    {
      schema: {
        ...{ tags, summary: "Samples, one a second" },
        ...{ querystring: historyQuery, response: { 200: historyView } },
      },
    },
    ({ query: { seconds } }) => viewHistory(history, seconds),
  );
  app.get(
    "/api/v1/counters",
    {
      schema: {
        ...{ tags, summary: "What was counted since a moment" },
        ...{ querystring: countersQuery, response: { 200: countersView } },
      },
    },
    ({ query: { since } }) => {
      const nowMs = Date.now();
      return viewCounters(history, balancer.stats(), { sinceMs: parseSince(since, nowMs), nowMs });
    },
  );
}

function parseSince(text: string, nowMs: number): number {
  const sinceMs = MOMENT.test(text) ? Date.parse(text) : nowMs - parseDuration(text);
  if (sinceMs > nowMs || !(sinceMs >= nowMs - KEPT_SAMPLES * 1000)) {
    throw new RequestError(400, "ARGUMENT_INVALID", "since: expected a moment of the last 10 minutes");
  }
  return sinceMs;
}

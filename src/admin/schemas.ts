/**
 * Every answer of the API as a zod schema, and its type. What is checked of a request is in `schema-requests.ts`. The OpenAPI
 * document is made from both; the command line and the page import the types.
 */
import { z } from "zod";
import { EVENT_TYPES } from "../core/event-types.js";
import {
  adminState,
  backendView,
  count,
  dropReason,
  drops,
  flowEnds,
  healthState,
  listenerView,
  milliseconds,
  moment,
  poolView,
  sourceView,
  traffic,
  workerView,
} from "./schema-figures.js";

export const problemView = z
  .object({
    line: z.number().nullable(),
    column: z.number().nullable(),
    path: z
      .string()
      .describe("The key, such as `pools[0].backends[2].weight`; empty for the whole document."),
    message: z.string(),
  })
  .describe("One thing that is wrong with a config, and where.");

export const errorView = z
  .object({
    error: z.object({
      code: z.string().describe("Stable, such as `CONFIG_INVALID`."),
      message: z.string().describe("For people."),
      problems: z.array(problemView).optional().describe("The first 20 things that are wrong with a config."),
      more: z.number().int().optional().describe("How many more problems there are, where there are any."),
    }),
  })
  .describe("What went wrong.");

export const statusView = z
  .object({
    version: z.string().describe("Of sluice."),
    pid: count,
    node: z.string(),
    plane: z.string(),
    planeNotes: z.array(z.string()).describe("Why each better plane was not chosen."),
    configVersion: count,
    configSource: z.enum(["file", "api", "program"]),
    startedAt: moment,
    uptimeMs: milliseconds,
    ready: z.boolean(),
    awaiting: z.array(z.string()).describe("What `ready` waits for, for people."),
    flows: z.object({ active: count, opened: count, moved: count, max: count, ended: flowEnds }),
    drops,
    replyDrops: drops,
    totals: z.object({ requests: traffic, replies: traffic }),
    workers: z.array(workerView),
    sources: z.array(sourceView),
    flowLog: z
      .object({ lines: count, dropped: count })
      .nullable()
      .describe("Lines of the flow log, written and lost; null where there is none."),
    warnings: z
      .array(z.object({ code: z.string(), message: z.string(), at: moment }))
      .describe("The last 50, oldest first."),
  })
  .describe("The balancer as a whole.");

export const listenersView = z.object({ listeners: z.array(listenerView) }).describe("All listeners.");
export const poolsView = z.object({ pools: z.array(poolView) }).describe("All pools.");
export const backendsView = z.object({ backends: z.array(backendView) }).describe("Backends that fit.");

export const flowView = z
  .object({
    id: z.string().describe("Opaque; never given twice in one process's life."),
    client: z.string(),
    listener: z.string(),
    pool: z.string(),
    backend: z.string(),
    requests: traffic,
    replies: traffic,
    ageMs: milliseconds,
    idleMs: milliseconds,
    open: z.boolean().describe("False once it takes no more requests and only waits for replies."),
  })
  .describe("A live flow.");
export const flowsView = z
  .object({
    flows: z.array(flowView),
    next: z.string().nullable().describe("For `after`; null on the last page."),
  })
  .describe("A page of live flows.");

const names = z.array(z.string());
const changes = z.object({ added: names, removed: names, changed: names });
export const reloadView = z
  .object({ version: count, listeners: changes, pools: changes, backends: changes })
  .describe("What a reload changed, by name; backends as `pool/backend`.");

export const planView = z
  .object({
    listeners: changes,
    pools: changes,
    backends: changes,
    flows: z
      .object({ live: count, kept: count, moved: count, ended: count })
      .describe("Of the flows that are live now."),
    keys: z
      .array(z.object({ pool: z.string(), share: z.number().nullable() }))
      .describe("The part of all affinity keys, 0 to 1, that a consistent policy would send elsewhere."),
    restartNeeded: names.describe("Keys that only a restart puts in force."),
  })
  .describe("What a reload with a config would do.");

export const putConfigView = z
  .union([reloadView, planView])
  .describe("What the reload changed, or with dryRun=1 what it would change.");

export const explanationView = z
  .object({
    client: z.string(),
    listener: z.string(),
    pool: z.string(),
    affinity: z.string(),
    key: z.string().describe("The affinity key; empty with affinity `none`."),
    policy: z.string(),
    hash: z.number().nullable(),
    verdict: z.enum(["flow", "binding", "chosen", "next", "dropped"]),
    backend: z.string().nullable(),
    reason: z.string(),
    dropReason: dropReason.nullable(),
    candidates: z.array(
      z.object({
        name: z.string(),
        admin: adminState,
        health: healthState,
        weight: count,
        share: z.number(),
        backup: z.boolean(),
        takesKeys: z.boolean(),
        why: z.string(),
        chance: z.number().nullable(),
      }),
    ),
    flow: z.string().nullable().describe("The live flow's id."),
    notes: names,
  })
  .describe("Where a datagram of a client would go now, and why.");

export const eventView = z
  .object({
    id: count.describe("One more for each event. A process begins above all ids of those before it."),
    at: moment,
    type: z.enum(EVENT_TYPES),
    data: z.record(z.string(), z.unknown()).describe("As the library's event of that name."),
  })
  .describe("Something that happened.");
export const eventsView = z
  .object({
    events: z.array(eventView).describe("Oldest first."),
    missed: count.describe("Events after `Last-Event-ID` that are no longer kept."),
  })
  .describe("What happened lately.");

const listenerCounts = z.object({ name: z.string(), requests: traffic, replies: traffic, queueDrops: count });
const backendCounts = z.object({
  pool: z.string(),
  name: z.string(),
  requests: traffic,
  replies: traffic,
  openedFlows: count,
  refused: count,
  queueDrops: count,
});
export const countersView = z
  .object({
    fromAt: moment,
    toAt: moment,
    listeners: z.array(listenerCounts),
    backends: z.array(backendCounts),
    drops,
    replyDrops: drops,
    flows: z.object({ opened: count, moved: count, ended: flowEnds }),
  })
  .describe("What was counted between two moments.");

const counts = z.array(count.nullable());
const gauges = z.array(z.number().nullable());
export const historyView = z
  .object({
    atMs: z
      .array(z.number())
      .describe("When each sample was taken: milliseconds since 1970, newest last. Every list has as many."),
    requests: counts.describe("Datagrams since the sample before; so are all counts here."),
    replies: counts,
    requestBytes: counts,
    replyBytes: counts,
    flows: gauges.describe("Active flows."),
    drops: z.partialRecord(dropReason, counts).describe("Reasons that did not happen are left out."),
    replyDrops: z.partialRecord(dropReason, counts),
    backends: z.array(
      z.object({
        pool: z.string(),
        name: z.string(),
        requests: counts,
        replies: counts,
        p50Ms: gauges.describe("Of the replies since the sample before; null without any."),
        p99Ms: gauges,
        outstanding: gauges,
      }),
    ),
  })
  .describe("Samples, one a second. null where something was not there yet.");

export const configDocument = z
  .record(z.string(), z.unknown())
  .describe('A config in its full form: see docs/config-reference.md. Secrets are "[redacted]".');

export type ErrorView = z.infer<typeof errorView>;
export type ProblemView = z.infer<typeof problemView>;
export type StatusView = z.infer<typeof statusView>;
export type ListenerView = z.infer<typeof listenerView>;
export type ListenersView = z.infer<typeof listenersView>;
export type PoolView = z.infer<typeof poolView>;
export type PoolsView = z.infer<typeof poolsView>;
export type BackendView = z.infer<typeof backendView>;
export type BackendsView = z.infer<typeof backendsView>;
export type SourceView = z.infer<typeof sourceView>;
export type WorkerView = z.infer<typeof workerView>;
export type FlowView = z.infer<typeof flowView>;
export type FlowsView = z.infer<typeof flowsView>;
export type ReloadView = z.infer<typeof reloadView>;
export type PlanView = z.infer<typeof planView>;
export type ExplanationView = z.infer<typeof explanationView>;
export type EventView = z.infer<typeof eventView>;
export type EventType = EventView["type"];
export type EventsView = z.infer<typeof eventsView>;
export type CountersView = z.infer<typeof countersView>;
export type HistoryView = z.infer<typeof historyView>;

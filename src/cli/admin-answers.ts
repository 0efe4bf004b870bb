/** The answers of the admin API that commands read: where each is, and the fields that are read of it. */
import type {
  BackendsView,
  BackendView,
  CountersView,
  EventsView,
  EventView,
  ExplanationView,
  FlowsView,
  HistoryView,
  ListenersView,
  PlanView,
  PoolsView,
  ReloadView,
  StatusView,
} from "../admin/schemas.js";
import type { AdminClient, AdminRequest } from "./admin-client.js";
import { EACH, readAs, type Shape } from "./admin-shape.js";

const TRAFFIC = { datagrams: "number", bytes: "number" } as const;
const COUNTS = { [EACH]: "number" } as const;
const CHANGES = { added: ["text"], removed: ["text"], changed: ["text"] } as const;

const STATUS: Shape<StatusView> = {
  version: "text",
  pid: "number",
  plane: "text",
  planeNotes: ["text"],
  configVersion: "number",
  configSource: "text",
  uptimeMs: "number",
  ready: "boolean",
  awaiting: ["text"],
  flows: { active: "number", max: "number" },
  drops: COUNTS,
  replyDrops: COUNTS,
  workers: [{ index: "number", state: "text", restarts: "number" }],
  sources: [{ pool: "text", source: "text", state: "text", backends: "number", lastError: "text?" }],
  warnings: [{ code: "text", message: "text", at: "text" }],
};

const LISTENERS: Shape<ListenersView> = {
  listeners: [{ name: "text", address: "text", pool: "text", activeFlows: "number", drops: COUNTS }],
};

const POOLS: Shape<PoolsView> = {
  pools: [
    {
      name: "text",
      policy: "text",
      affinity: "text",
      failOpen: "boolean",
      total: "number",
      up: "number",
      activeFlows: "number",
      outstanding: "number",
    },
  ],
};

const BACKEND: Shape<BackendView> = {
  pool: "text",
  name: "text",
  address: "text",
  weight: "number",
  admin: "text",
  health: "text",
  reason: "text",
  stateForMs: "number",
  share: "number",
  backup: "boolean",
  activeFlows: "number",
  outstanding: "number",
  refused: "number",
  replyTime: { p50Ms: "number?", p99Ms: "number?" },
};

const COUNTERS: Shape<CountersView> = {
  fromAt: "text",
  toAt: "text",
  listeners: [{ name: "text", requests: TRAFFIC, replies: TRAFFIC }],
  backends: [{ pool: "text", name: "text", requests: TRAFFIC, replies: TRAFFIC, refused: "number" }],
  drops: COUNTS,
  replyDrops: COUNTS,
};

const HISTORY: Shape<HistoryView> = {
  backends: [
    {
      pool: "text",
      name: "text",
      requests: ["number?"],
      replies: ["number?"],
      p50Ms: ["number?"],
      p99Ms: ["number?"],
    },
  ],
};

const FLOWS: Shape<FlowsView> = {
  flows: [
    {
      id: "text",
      client: "text",
      listener: "text",
      pool: "text",
      backend: "text",
      requests: TRAFFIC,
      replies: TRAFFIC,
      ageMs: "number",
      idleMs: "number",
      open: "boolean",
    },
  ],
  next: "text?",
};

const EXPLANATION: Shape<ExplanationView> = {
  client: "text",
  listener: "text",
  pool: "text",
  affinity: "text",
  key: "text",
  policy: "text",
  hash: "number?",
  verdict: "text",
  backend: "text?",
  reason: "text",
  dropReason: "text?",
  candidates: [
    {
      name: "text",
      admin: "text",
      health: "text",
      weight: "number",
      share: "number",
      backup: "boolean",
      takesKeys: "boolean",
      why: "text",
      chance: "number?",
    },
  ],
  flow: "text?",
  notes: ["text"],
};

const RELOAD: Shape<ReloadView> = {
  version: "number",
  listeners: CHANGES,
  pools: CHANGES,
  backends: CHANGES,
};

const PLAN: Shape<PlanView> = {
  listeners: CHANGES,
  pools: CHANGES,
  backends: CHANGES,
  flows: { live: "number", kept: "number", moved: "number", ended: "number" },
  keys: [{ pool: "text", share: "number?" }],
  restartNeeded: ["text"],
};

const EVENT: Shape<EventView> = { id: "number", at: "text", type: "text", data: { [EACH]: "anything" } };
const EVENTS: Shape<EventsView> = { events: [EVENT], missed: "number" };

type Ask<T> = (client: AdminClient, options?: AdminRequest) => Promise<T>;

export const askStatus = asker<StatusView>("/api/v1/status", STATUS);
export const askListeners = asker<ListenersView>("/api/v1/listeners", LISTENERS);
export const askPools = asker<PoolsView>("/api/v1/pools", POOLS);
export const askBackends = asker<BackendsView>("/api/v1/backends", { backends: [BACKEND] });
export const askCounters = asker<CountersView>("/api/v1/counters", COUNTERS);
export const askHistory = asker<HistoryView>("/api/v1/history", HISTORY);
export const askFlows = asker<FlowsView>("/api/v1/flows", FLOWS);
export const askEvents = asker<EventsView>("/api/v1/events", EVENTS);
export const askExplanation = asker<ExplanationView>("/api/v1/explain", EXPLANATION);
export const askReload = asker<ReloadView>("/api/v1/reload", RELOAD);

/** A change of one backend; the backend after it. */
export function askBackendChange(
  client: AdminClient,
  { pool, name }: { readonly pool: string; readonly name: string },
  change: { readonly admin?: string; readonly weight?: number; readonly deadline?: string },
): Promise<BackendView> {
  const path = `/api/v1/backends/${encodeURIComponent(pool)}/${encodeURIComponent(name)}`;
  return asker<BackendView>(path, BACKEND)(client, { method: "PATCH", ...jsonBody(change) });
}

export const readReload = (value: unknown, { access }: AdminClient): ReloadView =>
  readAs<ReloadView>(value, RELOAD, access);
export const readPlan = (value: unknown, { access }: AdminClient): PlanView =>
  readAs<PlanView>(value, PLAN, access);
export const readEvent = (value: unknown, { access }: AdminClient): EventView =>
  readAs<EventView>(value, EVENT, access);

export function jsonBody(value: unknown): Pick<AdminRequest, "body" | "headers"> {
  return { body: JSON.stringify(value), headers: { "content-type": "application/json" } };
}

function asker<T>(path: string, shape: Shape<T>): Ask<T> {
  return async (client, options) => readAs<T>(await client.askJson(path, options), shape, client.access);
}

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAdminAddress } from "./admin-address.js";
import {
  askBackends,
  askCounters,
  askEvents,
  askExplanation,
  askFlows,
  askHistory,
  askListeners,
  askPools,
  askReload,
  askStatus,
  readPlan,
} from "./admin-answers.js";
import type { AdminClient } from "./admin-client.js";
import { AdminError } from "./admin-errors.js";
import {
  backendSample,
  countersSample,
  eventSamples,
  explanationSample,
  flowSample,
  historySample,
  listenerSample,
  poolSample,
  statusSample,
} from "./samples.testing.js";
import { renderTop } from "./top/render-top.js";
import { createTopState, SORT_KEYS, type SortKey, shownRows } from "./top/top-state.js";
import { renderPlan, renderReload } from "./view/changes-view.js";
import { describeEvent } from "./view/event-line.js";
import { renderExplanation } from "./view/explain-view.js";
import { renderFlows } from "./view/flows-view.js";
import { renderStatus } from "./view/status-view.js";
import { plain } from "./view/style.js";

const look = { width: 120, paint: plain };
const NAMES = ["a", "b"];
const NONE = { added: ["x"], removed: [], changed: [] };
const CHANGES = { listeners: NONE, pools: NONE, backends: NONE };

/** A client whose every answer is this. */
function answering(value: unknown): AdminClient {
  const access = {
    address: parseAdminAddress("127.0.0.1:1"),
    ...{ token: undefined, tokenFrom: "", tokenMissing: undefined, ca: undefined },
  };
  return { access, askJson: async () => value } as unknown as AdminClient;
}

const good = {
  status: statusSample({
    sources: [
      {
        ...{ pool: "web", source: "dns a:1", state: "ok", backends: 1, lastError: null },
        ...{ leftOut: 0, sinceChangeMs: 1, nextRefreshMs: 1 },
      },
    ],
    warnings: [{ code: "c", message: "m", at: "2026-03-01T12:00:00Z" }],
  }),
  listeners: { listeners: [listenerSample()] },
  pools: { pools: [poolSample()] },
  backends: { backends: NAMES.map((name) => backendSample(name)) },
  counters: countersSample(NAMES),
  history: historySample(NAMES),
  events: { events: eventSamples(), missed: 0 },
  flows: { flows: [flowSample()], next: null },
  explanation: explanationSample(),
  reload: { version: 4, ...CHANGES },
  plan: {
    ...CHANGES,
    flows: { live: 1, kept: 1, moved: 0, ended: 0 },
    keys: [{ pool: "web", share: 0.5 }],
    restartNeeded: ["plane"],
  },
};

/** Everything that a command makes of these answers. */
async function showAll(answers: typeof good): Promise<void> {
  const status = await askStatus(answering(answers.status));
  const { listeners } = await askListeners(answering(answers.listeners));
  const { pools } = await askPools(answering(answers.pools));
  const { backends } = await askBackends(answering(answers.backends));
  const counters = await askCounters(answering(answers.counters));
  const history = await askHistory(answering(answers.history));
  const { events } = await askEvents(answering(answers.events));
  renderStatus({ status, listeners, pools, backends, counters }, look);
  const top = createTopState("x", { status, backends, counters, history, events }, 0);
  for (const sort of SORT_KEYS as readonly SortKey[]) shownRows({ ...top, sort });
  renderTop(top, { columns: 120, rows: 30, paint: plain });
  events.map(describeEvent);
  renderFlows(await askFlows(answering(answers.flows)), look);
  renderExplanation(await askExplanation(answering(answers.explanation)), look);
  renderReload(await askReload(answering(answers.reload)), look);
  renderPlan(readPlan(answers.plan, answering(undefined)), look);
}

const STRANGE: readonly unknown[] = [
  null,
  undefined,
  "x",
  "\u001b",
  -1,
  1e308,
  true,
  [],
  [null],
  {},
  { "*": 1 },
];

/** The value with each part of it in turn replaced by each strange one. */
function* mutations(value: unknown): Generator<unknown> {
  yield* STRANGE;
  if (typeof value !== "object" || value === null) return;
  for (const [key, part] of Object.entries(value)) {
    for (const other of mutations(part)) {
      yield Array.isArray(value)
        ? value.map((item, i) => (String(i) === key ? other : item))
        : { ...value, [key]: other };
    }
  }
}

test("answers: what a balancer should say is shown", async () => {
  await showAll(good);
});

for (const name of Object.keys(good) as (keyof typeof good)[]) {
  test(`answers: whatever is wrong in ${name} is either shown or told, and never a crash`, async () => {
    let told = 0;
    let tried = 0;
    for (const other of mutations(good[name])) {
      tried++;
      try {
        await showAll({ ...good, [name]: other });
      } catch (error) {
        assert.ok(error instanceof AdminError, `${JSON.stringify(other)}\n${(error as Error).stack}`);
        told++;
      }
    }
    assert.ok(tried > 50 && told > 10, `${told} of ${tried}`);
  });
}

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Drops, Stats } from "../api.js";
import { DROP_REASONS } from "../core/drop-reason.js";
import { isWorrying, summarize } from "./summary.js";

interface Counts {
  readonly listeners?: Readonly<Record<string, [requests: number, replies: number, queueDrops?: number]>>;
  readonly drops?: Partial<Drops>;
  readonly replyDrops?: Partial<Drops>;
  readonly refused?: Readonly<Record<string, number>>;
  /** Of every backend in `refused`. */
  readonly replyQueueDrops?: number;
}

const noDrops = Object.fromEntries(DROP_REASONS.map((reason) => [reason, 0])) as unknown as Drops;

/** As much of the statistics as a summary reads. */
function makeStats({ listeners = {}, drops, replyDrops, refused = {}, replyQueueDrops = 0 }: Counts): Stats {
  return {
    flows: { active: 7 },
    drops: { ...noDrops, ...drops },
    replyDrops: { ...noDrops, ...replyDrops },
    listeners: Object.entries(listeners).map(([name, [requests, replies, queueDrops = 0]]) => ({
      name,
      requests: { datagrams: requests, bytes: 0 },
      replies: { datagrams: replies, bytes: 0 },
      queueDrops,
    })),
    backends: Object.entries(refused).map(([name, count]) => ({
      pool: "default",
      name,
      refused: count,
      queueDrops: replyQueueDrops,
    })),
  } as unknown as Stats;
}

test("summarize: nothing happened, nothing to say", () => {
  const stats = makeStats({ listeners: { a: [5, 5] }, drops: { no_backend: 2 }, refused: { x: 1 } });
  assert.equal(summarize(stats, stats), undefined);
  assert.equal(summarize(undefined, makeStats({ listeners: { a: [0, 0] } })), undefined);
});

test("summarize: what happened since the last look, without the reasons that did not", () => {
  const before = makeStats({
    listeners: { a: [5, 4], b: [1, 1] },
    drops: { no_backend: 2 },
    refused: { x: 1 },
  });
  const after = makeStats({
    listeners: { a: [8, 6, 3], b: [2, 2] },
    drops: { no_backend: 4, late_reply: 0 },
    replyDrops: { late_reply: 1 },
    refused: { x: 5 },
  });
  assert.deepEqual(summarize(before, after), {
    requests: 4,
    replies: 3,
    flows: 7,
    drops: { no_backend: 2, late_reply: 1 },
    queueDrops: 3,
    refused: { "default/x": 4 },
  });
});

test("summarize: replies that the kernel dropped count, too", () => {
  const before = makeStats({ refused: { x: 0, y: 0 }, replyQueueDrops: 1 });
  const after = makeStats({ refused: { x: 0, y: 0 }, replyQueueDrops: 3 });
  assert.equal(summarize(before, after)?.queueDrops, 4);
});

test("summarize: the first look counts from the start", () => {
  assert.deepEqual(summarize(undefined, makeStats({ listeners: { a: [2, 1] } })), {
    requests: 2,
    replies: 1,
    flows: 7,
  });
});

test("summarize: a listener that a reload removed or began anew never counts backwards", () => {
  const before = makeStats({ listeners: { gone: [100, 100], again: [50, 50] } });
  const after = makeStats({ listeners: { again: [3, 2], added: [4, 4] } });
  assert.deepEqual(summarize(before, after), { requests: 7, replies: 6, flows: 7 });
});

test("isWorrying: drops and refusals are, late replies are not", () => {
  const plain = { requests: 1, replies: 1, flows: 1 };
  assert.equal(isWorrying(plain), false);
  assert.equal(isWorrying({ ...plain, drops: { late_reply: 3 } }), false);
  assert.equal(isWorrying({ ...plain, drops: { late_reply: 3, no_backend: 1 } }), true);
  assert.equal(isWorrying({ ...plain, queueDrops: 1 }), true);
  assert.equal(isWorrying({ ...plain, refused: { "default/a": 1 } }), true);
});

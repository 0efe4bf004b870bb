/** Streams of events and datagrams: what they carry, how they go on, and what becomes of readers who do not read. */
import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { test } from "node:test";
import { setTimeout as delay, setImmediate as nextTurn } from "node:timers/promises";
import type { TappedDatagram } from "../api.js";
import { openRig, type Rig } from "./admin-rig.testing.js";
import type { EventView } from "./schemas.js";

interface Told {
  readonly id?: number;
  readonly event: string;
  // biome-ignore lint/suspicious/noExplicitAny: each test knows what it asked for
  readonly data: any;
}

/** Reads until there are so many events. */
async function readEvents(message: IncomingMessage, count: number): Promise<Told[]> {
  let text = "";
  message.setEncoding("utf8");
  for await (const chunk of message) {
    text += chunk;
    const events = parseEvents(text);
    if (events.length >= count) return events;
  }
  return parseEvents(text);
}

function parseEvents(text: string): Told[] {
  return text
    .split("\n\n")
    .slice(0, -1)
    .map((block) =>
      Object.fromEntries(
        block.split("\n").map((line) => [line.split(": ", 1)[0], line.slice(line.indexOf(": ") + 2)]),
      ),
    )
    .filter(({ event }) => event !== undefined)
    .map(({ id, event, data }) => ({
      ...(id !== undefined && { id: Number(id) }),
      event: event!,
      data: JSON.parse(data!),
    }));
}

const EVENTS = "/api/v1/events";
const warn = ({ balancer }: Rig, message: string) => balancer.emit("warning", { code: "x", message });

test("events: the past, then what happens", async (t) => {
  const rig = await openRig(t);
  warn(rig, "before");
  const message = await rig.open(EVENTS);
  assert.equal(message.headers["content-type"], "text/event-stream");
  const reading = readEvents(message, 2);
  await nextTurn();
  rig.balancer.emit("operator", {
    action: "weight",
    target: "web/a",
    by: "token",
    from: "192.0.2.1",
    detail: "weight 5",
  });
  const [before, after] = await reading;
  assert.deepEqual([before?.event, before?.data.data], ["warning", { code: "x", message: "before" }]);
  assert.deepEqual([before?.id, after?.id], [before?.data.id, before?.data.id + 1]);
  assert.equal(after?.event, "operator");
  assert.equal(after?.data.data.target, "web/a");
  assert.match(after?.data.at, /^\d{4}-.*Z$/);
});

test("events: only the types that are asked for, and only so many of the past", async (t) => {
  const rig = await openRig(t);
  for (let i = 0; i < 5; i++) warn(rig, `${i}`);
  rig.balancer.emit("reloadFailed", new Error("no"));
  const list = async (query: string) =>
    (await rig.ask(`${EVENTS}?${query}`, { headers: { accept: "application/json" } })).json.events;
  assert.deepEqual(
    (await list("types=warning&limit=2")).map((event: EventView) => event.data.message),
    ["3", "4"],
  );
  assert.deepEqual(
    (await list("types=reloadFailed,reload")).map((event: EventView) => event.type),
    ["reloadFailed"],
  );
});

test("events: Last-Event-ID goes on where the reader was, and a gap is told", async (t) => {
  const rig = await openRig(t);
  for (let i = 1; i <= 1_500; i++) warn(rig, `${i}`);
  const { json } = await rig.ask(`${EVENTS}?limit=1`, { headers: { accept: "application/json" } });
  const base: number = json.events[0].id - 1_500;
  const after = async (id: number, count: number) =>
    readEvents(await rig.open(EVENTS, { headers: { "last-event-id": String(id) } }), count);
  assert.deepEqual(
    (await after(base + 1498, 2)).map(({ id }) => id),
    [base + 1499, base + 1500],
  );
  const [missed, first] = await after(base + 100, 1_001);
  assert.deepEqual([missed?.event, missed?.data], ["missed", { count: 400 }]);
  assert.equal(first?.id, base + 501);
  // Of a process before this one: everything is new.
  const [old] = await after(99, 1_000);
  assert.deepEqual([old?.event, old?.data], ["missed", { count: 500 }]);
});

test("events: a reader who does not read is cut off, others go on, and a warning tells", async (t) => {
  const rig = await openRig(t);
  const slow = await rig.open(EVENTS);
  slow.on("error", () => {});
  slow.pause();
  const closed = new Promise<void>((resolve) => slow.once("close", resolve));
  const good = readEvents(await rig.open(`${EVENTS}?types=reload`), 1);
  const long = "x".repeat(10_000);
  for (let i = 0; i < 5_000 && rig.warnings.length === 0; i++) {
    warn(rig, long);
    if (i % 20 === 0) await delay(1);
  }
  assert.deepEqual(
    rig.warnings.map(({ code }) => code),
    ["slow_reader"],
  );
  slow.resume();
  await closed;
  const nothing = { added: [], removed: [], changed: [] };
  rig.balancer.emit("reload", { version: 4, listeners: nothing, pools: nothing, backends: nothing });
  assert.equal((await good)[0]?.event, "reload");
});

test("streams end when the admin side closes", async (t) => {
  const rig = await openRig(t);
  const message = await rig.open(EVENTS);
  message.on("error", () => {});
  message.resume();
  const closed = new Promise<void>((resolve) => message.once("close", resolve));
  await rig.side.close();
  await closed;
});

function datagram(payload: string): TappedDatagram {
  const bytes = Buffer.from(payload);
  return {
    ...{ atMs: 1_700_000_000_123.456, direction: "request", client: "192.0.2.9:5000", local: "192.0.2.1:53" },
    ...{ listener: "dns", backend: "a", length: bytes.length, payload: bytes, missed: 0 },
  };
}

test("tap: a slow reader is cut off, and the tap is over", async (t) => {
  const rig = await openRig(t);
  let isOver = false;
  let passed = 0;
  rig.balancer.datagrams = (async function* () {
    try {
      for (;;) {
        yield datagram("x".repeat(1_400));
        if (++passed % 100 === 0) await nextTurn();
      }
    } finally {
      isOver = true;
    }
  })();
  const slow = await rig.open("/api/v1/tap?listener=dns");
  slow.on("error", () => {});
  slow.pause();
  for (let tries = 0; !isOver && tries < 6_000; tries++) await delay(10);
  assert.ok(isOver, `after ${passed} datagrams`);
  assert.deepEqual(
    rig.warnings.map(({ code }) => code),
    ["slow_reader"],
  );
  assert.equal((await rig.ask("/healthz")).status, 200);
});

test("tap: asks for what it was told, and a reader who goes ends it", async (t) => {
  const rig = await openRig(t);
  let isOver = false;
  rig.balancer.datagrams = (async function* () {
    try {
      for (;;) {
        await delay(5);
        yield datagram("x");
      }
    } finally {
      isOver = true;
    }
  })();
  const message = await rig.open("/api/v1/tap?listener=dns&client=192.0.2.9&snap=64&max=5");
  message.on("error", () => {});
  assert.equal(message.headers["content-type"], "application/x-pcapng");
  const options = { listener: "dns", client: "192.0.2.9", snapBytes: 64, maxDatagrams: 5 };
  assert.deepEqual(rig.balancer.calls.at(-1), ["tap", options, { by: "local", from: "127.0.0.1" }]);
  message.destroy();
  for (let tries = 0; !isOver && tries < 6_000; tries++) await delay(10);
  assert.ok(isOver);
});

/** The load generator against its own echo servers, and against servers that do wrong in every way it must notice. */
import assert from "node:assert/strict";
import { createSocket, type RemoteInfo } from "node:dgram";
import { once } from "node:events";
import { type TestContext, test } from "node:test";
import { type Endpoint, formatEndpoint, parseEndpoint } from "#src/core/address.js";
import { type EchoOptions, openEchoServer } from "#src/loadgen/echo-server.js";
import type { LoadCounts, LoadResult } from "#src/loadgen/load-result.js";
import { type LoadOptions, runLoad } from "#src/loadgen/run-load.js";
import { eventually } from "../support/waiting.js";

const skip = process.platform === "linux" ? false : "needs Linux";
/** Some load, for what does not depend on how much it was. */
const SHORT = { durationMs: 300, warmupMs: 0 };
/** Nothing is lost or late because the machine is busy. */
const PATIENT = { durationMs: 600_000, warmupMs: 0, lossTimeoutMs: 600_000 };

/** A patient load that goes on until it has done enough. */
async function runUntil(
  isEnough: (counts: LoadCounts) => boolean,
  options: Omit<LoadOptions, keyof typeof PATIENT>,
): Promise<LoadResult> {
  const stop = new AbortController();
  const onProgress = ({ counts }: { counts: LoadCounts }) => isEnough(counts) && stop.abort();
  return runLoad({ ...options, ...PATIENT, progressMs: 5, signal: stop.signal, onProgress });
}

const thousandAnswers = ({ answered }: LoadCounts) => answered > 1000;

async function openEcho(t: TestContext, options: Partial<EchoOptions> = {}): Promise<Endpoint> {
  const echo = await openEchoServer({ addresses: [parseEndpoint("127.0.0.1:0")], ...options });
  t.after(() => echo.close());
  return echo.addresses[0];
}

type Reply = (payload: Buffer, to: Pick<RemoteInfo, "port" | "address">) => void;

/**
 * A server in this thread that answers as `serve` says. Its kernel buffer holds some 190 small datagrams by default:
 * tests that allow no loss stay below that.
 */
async function openServer(
  t: TestContext,
  serve: (payload: Buffer, from: RemoteInfo, reply: Reply) => void,
): Promise<Endpoint> {
  const socket = createSocket("udp4");
  let open = true;
  t.after(() => {
    open = false;
    socket.close();
  });
  const reply: Reply = (payload, { port, address }) => open && socket.send(payload, port, address);
  socket.on("message", (payload, from) => serve(payload, from, reply));
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return parseEndpoint(`127.0.0.1:${socket.address().port}`);
}

for (const gso of [false, true]) {
  for (const sizeBytes of [24, 61, 1400]) {
    test(`runLoad: ${sizeBytes} bytes, gso ${gso}: every datagram comes back to its client`, {
      skip,
    }, async (t) => {
      const target = await openEcho(t, { gso, tag: true });
      const result = await runUntil(thousandAnswers, { target, sizeBytes, gso, clients: 5, inFlight: 101 });
      assert.equal(result.answered, result.sent);
      const { lost, late, duplicate, crossed, bad, refused, sendFailed } = result;
      const faults = { lost, late, duplicate, crossed, bad, refused, sendFailed };
      assert.deepEqual(
        Object.values(faults).filter((count) => count > 0),
        [],
        JSON.stringify(faults),
      );
      assert.deepEqual(result.byTag, [{ tag: 0, count: result.latency === null ? 0 : result.answered }]);
      assert.ok(result.latency!.p50Ms > 0 && result.latency!.p50Ms <= result.latency!.maxMs);
      assert.ok(result.cpuMs === null || result.cpuMs > 0);
    });
  }
}

test("runLoad: IPv6, a wildcard server and plain datagrams put together by it", { skip }, async (t) => {
  const six = await openEcho(t, { addresses: [parseEndpoint("[::1]:0")], gso: true });
  const wildcard = await openEcho(t, { addresses: [parseEndpoint("0.0.0.0:0")], gso: true });
  for (const target of [six, parseEndpoint(`127.0.0.9:${wildcard.port}`)]) {
    for (const gso of [false, true]) {
      const result = await runUntil(thousandAnswers, { target, gso });
      assert.equal(result.answered, result.sent, formatEndpoint(target));
    }
  }
});

test("runLoad: many clients, each from an address of its own", { skip }, async (t) => {
  const seen = new Set<string>();
  const ports = new Set<number>();
  const target = await openServer(t, (payload, from, reply) => {
    seen.add(from.address);
    ports.add(from.port);
    reply(payload, from);
  });
  const allAnswered = () => seen.size === 150;
  const result = await runUntil(allAnswered, {
    target,
    clients: 150,
    inFlight: 150,
    distinctAddresses: true,
  });
  assert.deepEqual([result.lost, result.crossed, seen.size, ports.size], [0, 0, 150, 1]);
  assert.ok(seen.has("127.0.1.1") && seen.has("127.0.1.150"));
});

test("runLoad: a silent server: all are lost after the time they have, and sent anew", {
  skip,
}, async (t) => {
  const target = await openServer(t, () => {});
  const stop = new AbortController();
  const result = await runLoad({
    ...{
      target,
      inFlight: 10,
      clients: 10,
      ...PATIENT,
      lossTimeoutMs: 20,
      signal: stop.signal,
      progressMs: 5,
    },
    onProgress: ({ counts }) => counts.sent >= 20 && stop.abort(),
  });
  assert.ok(result.sent >= 20, `${result.sent} sent`);
  assert.deepEqual([result.lost, result.answered], [result.sent, 0]);
  assert.equal(result.latency, null);
});

test("runLoad: a closed port is told apart from silence", { skip }, async (t) => {
  const gone = createSocket("udp4").bind(0, "127.0.0.1");
  await once(gone, "listening");
  const target = parseEndpoint(`127.0.0.1:${gone.address().port}`);
  gone.close();
  await once(gone, "close");
  const result = await runLoad({ target, ...SHORT, lossTimeoutMs: 100 });
  assert.ok(result.refused > 0);
  assert.deepEqual([result.answered, result.lost], [0, result.sent]);
  assert.equal(t.signal.aborted, false);
});

const KINDS = ["duplicate", "crossed", "bad"] as const;

test("runLoad: counts second replies, replies to others, and damaged ones", { skip }, async (t) => {
  const first: RemoteInfo[] = [];
  const made = { duplicate: 0, crossed: 0, bad: 0 };
  let count = 0;
  const target = await openServer(t, (payload, from, reply) => {
    if (first.length < 2 && first.every(({ port }) => port !== from.port)) first.push(from);
    const other = first.find(({ port }) => port !== from.port);
    const send = (kind: (typeof KINDS)[number], wrong: Buffer, to: RemoteInfo) => {
      made[kind]++;
      reply(wrong, to);
    };
    reply(payload, from);
    count++;
    if (count % 4 === 0) send("duplicate", payload, from);
    if (count % 4 === 1 && other) send("crossed", payload, other);
    if (count % 4 === 2) send("bad", payload.subarray(1), from);
    if (count % 4 === 3) send("bad", Buffer.concat([payload, payload]), from);
  });
  const enough = 20;
  const result = await runUntil((counts) => KINDS.every((kind) => counts[kind] >= enough), {
    ...{ target, clients: 2, inFlight: 2 },
  });
  assert.equal(result.answered, result.sent);
  // The last may arrive when the load is over.
  for (const kind of KINDS) {
    assert.ok(
      result[kind] >= enough && result[kind] <= made[kind],
      `${kind}: ${result[kind]} of ${made[kind]}`,
    );
  }
});

test("runLoad: a reply after the time it has is late, not an answer", { skip }, async (t) => {
  const waiting: (() => void)[] = [];
  const target = await openServer(t, (payload, from, reply) => {
    // The second is sent when the first is given up: whatever comes for that is late.
    waiting.push(() => reply(payload, from));
    if (waiting.length > 1) waiting[0]();
  });
  const stop = new AbortController();
  const result = await runLoad({
    ...{ target, clients: 1, inFlight: 1, ...PATIENT, lossTimeoutMs: 50, signal: stop.signal, progressMs: 5 },
    onProgress: ({ counts }) => counts.late > 0 && stop.abort(),
  });
  assert.ok(result.late > 0);
  assert.deepEqual([result.answered, result.lost, result.duplicate], [0, result.sent, 0]);
});

test("runLoad: a signal ends it early, and progress is told on the way", { skip }, async (t) => {
  const target = await openEcho(t);
  const stop = new AbortController();
  const seen: number[] = [];
  const result = await runLoad({
    target,
    durationMs: 60_000,
    signal: stop.signal,
    onProgress: ({ counts, repliesPerSecond }) => {
      seen.push(counts.answered);
      assert.ok(repliesPerSecond > 0);
      stop.abort();
    },
  });
  assert.equal(seen.length, 1);
  assert.ok(result.answered >= seen[0] && result.measuredMs < 60_000);
  const none = await runLoad({ target, signal: AbortSignal.abort() });
  assert.equal(none.sent, none.answered);
});

test("openEchoServer: says which address cannot be had", { skip }, async (t) => {
  const taken = await openEcho(t);
  await assert.rejects(openEchoServer({ addresses: [taken] }), {
    code: "EADDRINUSE",
    message: `bind of ${formatEndpoint(taken)} failed: EADDRINUSE (address already in use)`,
  });
});

for (const gso of [false, true]) {
  test(`runLoad: DNS queries come back as answers, gso ${gso}`, { skip }, async (t) => {
    const target = await openEcho(t, { gso, tag: true, dns: true });
    const result = await runUntil(thousandAnswers, { target, gso, dns: true });
    assert.equal(result.answered, result.sent);
    assert.deepEqual([result.bad, result.byTag.map(({ tag }) => tag)], [0, [0]]);
  });

  test(`openEchoServer: a sink counts every datagram and sends nothing, gso ${gso}`, { skip }, async (t) => {
    const echo = await openEchoServer({ addresses: [parseEndpoint("127.0.0.1:0")], gso, sink: true });
    t.after(() => echo.close());
    const plan = { target: echo.addresses[0], gso, oneWay: true, burst: 16, sizeBytes: 1200, clients: 3 };
    const result = await runUntil(({ sent }) => sent > 500, { ...plan, ratePerSecond: 3000 });
    await eventually(() => assert.ok(echo.counts()[0].datagrams >= result.sent));
    const [{ datagrams, bytes }] = echo.counts();
    assert.deepEqual([datagrams, bytes], [result.sent, result.sent * 1200]);
  });
}

test("runLoad: a query that comes back as it went is no answer", { skip }, async (t) => {
  const target = await openEcho(t);
  const result = await runLoad({ target, dns: true, inFlight: 8, ...SHORT, lossTimeoutMs: 100 });
  assert.deepEqual([result.answered, result.bad, result.lost], [0, result.sent, result.sent]);
});

test("runLoad: counts the clients that several servers answered", { skip }, async (t) => {
  const from: number[] = [];
  // Clients 0 and 1 get server 5 always, client 2 a new one each time.
  const target = await openServer(t, (payload, sender, reply) => {
    const client = payload.readUInt32LE(4);
    from[client] = (from[client] ?? 0) + 1;
    payload.writeUInt16LE(client === 2 ? from[client] % 2 : 5, 2);
    reply(payload, sender);
  });
  const result = await runUntil(() => from[2] > 5, { target, clients: 3, inFlight: 3 });
  assert.deepEqual([result.clientsOnSeveralServers, result.byTag.map(({ tag }) => tag)], [1, [0, 1, 5]]);
});

import assert from "node:assert/strict";
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";
import { type TestContext, test } from "node:test";
import { openPingClient, runPing } from "./ping-client.js";

type Answer = (text: string, from: RemoteInfo, socket: Socket) => void;

/** A server that does what a test says; returns its port. */
async function openAnswering(t: TestContext, answer: Answer): Promise<number> {
  const socket = createSocket("udp4");
  t.after(() => socket.close());
  socket.on("message", (bytes, from) => answer(bytes.toString(), from, socket));
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return socket.address().port;
}

const upperCase: Answer = (text, from, socket) => socket.send(text.toUpperCase(), from.port, from.address);
const now = (): number => new Date(2024, 0, 2, 3, 4, 5).getTime();

test("runPing: ten numbered messages with the local time, two lines for each answer", async (t) => {
  const texts: string[] = [];
  const port = await openAnswering(t, (text, from, socket) => {
    texts.push(text);
    upperCase(text, from, socket);
  });
  const lines: string[] = [];
  const results = await runPing({ host: "127.0.0.1", port, now, onLine: (line) => lines.push(line) });
  assert.deepEqual(
    texts,
    Array.from({ length: 10 }, (_, i) => `PING ${i + 1} 03:04:05`),
  );
  assert.equal(results.length, 10);
  assert.equal(lines.length, 20);
  assert.equal(lines[0], "Message Received PING 1 03:04:05");
  assert.match(lines[1]!, /^Round Trip Time 0\.\d{6}$/);
});

test("runPing: REQUEST TIMED OUT when nothing comes in time, and when nobody listens", async (t) => {
  const lines: string[] = [];
  const silent = await openAnswering(t, () => {});
  await runPing({
    host: "127.0.0.1",
    port: silent,
    count: 1,
    timeoutMs: 20,
    onLine: (line) => lines.push(line),
  });
  const closed = createSocket("udp4");
  closed.bind(0, "127.0.0.1");
  await once(closed, "listening");
  const { port } = closed.address();
  await new Promise<void>((resolve) => closed.close(() => resolve()));
  await runPing({ host: "127.0.0.1", port, count: 3, timeoutMs: 20, onLine: (line) => lines.push(line) });
  assert.deepEqual(
    lines,
    Array.from({ length: 4 }, () => "REQUEST TIMED OUT"),
  );
});

test("openPingClient: the late answer to an earlier request is not the answer to a later one", async (t) => {
  const requests: string[] = [];
  const port = await openAnswering(t, (text, from, socket) => {
    requests.push(text);
    // The first request is answered only once the second is there, and ahead of the second's own answer.
    if (requests.length === 2) for (const request of requests) upperCase(request, from, socket);
  });
  const client = await openPingClient({ host: "127.0.0.1", port, timeoutMs: 50, now });
  t.after(() => client.close());
  assert.equal((await client.request(1)).answer, undefined);
  assert.equal((await client.request(2)).answer, "PING 2 03:04:05");
});

test("openPingClient: a second answer to the same request is not the answer to the next", async (t) => {
  const port = await openAnswering(t, (text, from, socket) => {
    upperCase(text, from, socket);
    if (text.startsWith("PING 1 ")) upperCase(text, from, socket);
  });
  const client = await openPingClient({ host: "127.0.0.1", port, timeoutMs: 1000, now });
  t.after(() => client.close());
  assert.equal((await client.request(1)).answer, "PING 1 03:04:05");
  assert.equal((await client.request(2)).answer, "PING 2 03:04:05");
});

test("openPingClient: whatever the server says is the answer, its first 1,024 bytes", async (t) => {
  const port = await openAnswering(t, (_, from, socket) =>
    socket.send("x".repeat(2000), from.port, from.address),
  );
  const client = await openPingClient({ host: "127.0.0.1", port, timeoutMs: 1000 });
  t.after(() => client.close());
  assert.equal((await client.request(1)).answer, "x".repeat(1024));
});

test("openPingClient: only the server's own address counts", async (t) => {
  const port = await openAnswering(t, (text, from) => {
    const stranger = createSocket("udp4");
    stranger.send(text.toUpperCase(), from.port, from.address, () => stranger.close());
  });
  const client = await openPingClient({ host: "127.0.0.1", port, timeoutMs: 50 });
  t.after(() => client.close());
  assert.equal((await client.request(1)).answer, undefined);
});

test("openPingClient: a name is looked up, and an unknown one is an error", async (t) => {
  const port = await openAnswering(t, upperCase);
  const client = await openPingClient({ host: "localhost", port, timeoutMs: 1000, now });
  t.after(() => client.close());
  assert.equal((await client.request(1)).answer, "PING 1 03:04:05");
  // Longer than a name may be, so that no resolver is asked.
  await assert.rejects(openPingClient({ host: "x".repeat(300), port }), { syscall: "getaddrinfo" });
});

import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type TestContext, test } from "node:test";
import { openPingServer, type PingMessage, type PingServer, upperCase } from "./ping-server.js";

/** A server on a free port whose draws are `draws` in turn; closed when the test ends. */
async function openServer(t: TestContext, draws: number[], address = "127.0.0.1") {
  const messages: PingMessage[] = [];
  const random = (below: number): number => {
    assert.equal(below, 11);
    return draws.shift() ?? 10;
  };
  const loss = { numerator: 4, denominator: 11 };
  const server = await openPingServer({ address, port: 0, loss, random, onMessage: (m) => messages.push(m) });
  t.after(() => server.close());
  return { server, messages };
}

/** Sends each datagram and returns the answers up to the one to the last. */
async function exchange(t: TestContext, server: PingServer, sent: Buffer[]): Promise<Buffer[]> {
  const isV6 = server.address.startsWith("[");
  const socket = createSocket(isV6 ? "udp6" : "udp4");
  t.after(() => socket.close());
  const answers: Buffer[] = [];
  socket.on("message", (bytes) => answers.push(bytes));
  for (const bytes of sent) socket.send(bytes, server.port, isV6 ? "::1" : "127.0.0.1");
  socket.send("last", server.port, isV6 ? "::1" : "127.0.0.1");
  const signal = AbortSignal.timeout(5000);
  while (answers.at(-1)?.toString() !== "LAST") await once(socket, "message", { signal });
  return answers.slice(0, -1);
}

test("openPingServer: a draw below the numerator gets no answer, any other the text in upper case", async (t) => {
  const { server, messages } = await openServer(t, [0, 3, 4, 10]);
  const answers = await exchange(
    t,
    server,
    ["a", "b", "c", "d"].map((text) => Buffer.from(text)),
  );
  assert.deepEqual(answers.map(String), ["C", "D"]);
  assert.deepEqual(
    messages.map(({ text, isAnswered }) => `${text} ${isAnswered}`),
    ["a false", "b false", "c true", "d true", "last true"],
  );
  assert.match(messages[0]!.from, /^127\.0\.0\.1:\d+$/);
});

test("openPingServer: bytes that are not UTF-8, and none at all, are answered", async (t) => {
  const { server } = await openServer(t, []);
  const answers = await exchange(t, server, [Buffer.from([0xff, 0x61, 0xc3]), Buffer.alloc(0)]);
  assert.deepEqual(answers, [Buffer.from([0xff, 0x41, 0xc3]), Buffer.alloc(0)]);
});

test("openPingServer: an answer too long for a datagram is lost, and the server goes on", async (t) => {
  const { server } = await openServer(t, []);
  // U+0390 takes 2 bytes; in upper case it is three characters of 2 bytes each.
  const answers = await exchange(t, server, [Buffer.from("\u0390".repeat(15_000))]);
  assert.deepEqual(answers, []);
});

test("openPingServer: IPv6", async (t) => {
  const { server, messages } = await openServer(t, [], "::1");
  assert.deepEqual((await exchange(t, server, [Buffer.from("é")])).map(String), ["É"]);
  assert.match(messages[0]!.from, /^\[::1\]:\d+$/);
});

test("openPingServer: a port in use rejects with the system's error", async (t) => {
  const { server } = await openServer(t, []);
  const options = {
    address: "127.0.0.1",
    port: server.port,
    loss: { numerator: 0, denominator: 1 },
    random: () => 0,
  };
  await assert.rejects(openPingServer(options), { code: "EADDRINUSE" });
});

test("upperCase: text as text, other bytes only in their ASCII letters", () => {
  assert.equal(upperCase(Buffer.from("Straße æ 1")).toString(), "STRASSE Æ 1");
  assert.deepEqual(
    upperCase(Buffer.from([0x60, 0x61, 0x7a, 0x7b, 0xe9])),
    Buffer.from([0x60, 0x41, 0x5a, 0x7b, 0xe9]),
  );
});

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { AdminAccess } from "#src/cli/admin-access.js";
import { parseAdminAddress } from "#src/cli/admin-address.js";
import { askBackends, askEvents, askFlows, askStatus } from "#src/cli/admin-answers.js";
import { AdminClient } from "#src/cli/admin-client.js";
import { AdminError } from "#src/cli/admin-errors.js";
import { backendSample, statusSample } from "#src/cli/samples.testing.js";
import { openFakeAdmin, refuse } from "../support/fake-admin.js";

function openClient(
  t: TestContext,
  address: string,
  some: Partial<AdminAccess> = {},
  maxAnswerBytes?: number,
) {
  const access = {
    address: parseAdminAddress(address),
    ...{ token: undefined, tokenFrom: "", tokenMissing: undefined, ca: undefined },
    ...some,
  };
  const client = new AdminClient(access, maxAnswerBytes === undefined ? {} : { maxAnswerBytes });
  t.after(() => client.close());
  return client;
}

/** A server that says exactly this to whoever connects. */
async function openRaw(t: TestContext, onConnection: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    onConnection(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `127.0.0.1:${(server.address() as { port: number }).port}`;
}

const says = (text: string) => (error: unknown) => {
  assert.ok(error instanceof AdminError, String(error));
  assert.ok(error.message.includes(text), `"${error.message}" has no "${text}"`);
  return true;
};

test("AdminClient: sends the token and the query, and gives what comes", async (t) => {
  const fake = await openFakeAdmin(t);
  const client = openClient(t, fake.address, { token: "secret", tokenFrom: "SLUICE_TOKEN" });
  assert.equal((await askStatus(client)).version, "1.2.3");
  await askFlows(client, { query: { client: "192.0.2.0/24", pool: undefined, limit: 7 } });
  assert.equal(fake.asked[0].headers.authorization, "Bearer secret");
  assert.equal(fake.asked[1].url, "/api/v1/flows?client=192.0.2.0%2F24&limit=7");
});

test("AdminClient: nothing listens there", async (t) => {
  const fake = await openFakeAdmin(t);
  fake.server.close();
  await once(fake.server, "close");
  const client = openClient(t, fake.address);
  await assert.rejects(askStatus(client), says(`sluice run --admin ${fake.address}`));
  const socket = openClient(t, "unix:/nowhere/admin.sock");
  await assert.rejects(askStatus(socket), says("there is no socket /nowhere/admin.sock"));
});

const REFUSALS: readonly [status: number, access: Partial<AdminAccess>, text: string][] = [
  [401, {}, "wants a token: give it with --token-file or SLUICE_TOKEN"],
  [401, { tokenMissing: "/etc/t cannot be read here: EACCES" }, "/etc/t cannot be read here"],
  [401, { token: "x", tokenFrom: "/etc/token" }, "does not take the token of /etc/token"],
  [403, { token: "x", tokenFrom: "SLUICE_TOKEN" }, "does not allow this with the token of SLUICE_TOKEN"],
  [403, {}, "does not allow this: no"],
  [404, {}, "no"],
  [412, {}, "the config has changed since it was looked at"],
  [429, {}, "too many requests"],
  [500, {}, "failed (HTTP 500)"],
];

for (const [status, access, text] of REFUSALS) {
  test(`AdminClient: HTTP ${status} is "${text}"`, async (t) => {
    const fake = await openFakeAdmin(t, { "*": (_, response) => refuse(response, status, "CODE", "no") });
    const client = openClient(t, fake.address, access);
    await assert.rejects(askStatus(client), says(text));
    await assert.rejects(client.stream("/api/v1/tap"), says(text));
    const error = await askStatus(client).catch((caught) => caught);
    assert.equal(error.status, status);
    assert.equal(error.code, "CODE");
    assert.ok(!error.message.includes("Bearer"));
  });
}

const NOT_SLUICE: readonly [what: string, send: (socket: Socket) => void, text: string][] = [
  ["something that is not HTTP", (socket) => socket.end("SSH-2.0-OpenSSH_9.6\r\n"), "does not speak HTTP"],
  ["binary noise", (socket) => socket.end(Buffer.alloc(4096, 0xfe)), "does not speak HTTP"],
  ["nothing and closes", (socket) => socket.end(), "closed the connection"],
  [
    "half an answer",
    (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{"version"'),
    "closed the connection in the middle",
  ],
  [
    "a redirect",
    (socket) => socket.end("HTTP/1.1 302 Found\r\nlocation: /x\r\ncontent-length: 0\r\n\r\n"),
    "HTTP status 302",
  ],
  ["a page for people", (socket) => socket.end("HTTP/1.1 200 OK\r\n\r\n<html>hello</html>"), "not JSON"],
  ["an error page", (socket) => socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n<html>"), "HTTP status 502 came"],
  [
    "an error of another API",
    (socket) => socket.end('HTTP/1.1 404 x\r\n\r\n{"error":"no"}'),
    "without an explanation",
  ],
  ["JSON of another kind", (socket) => socket.end("HTTP/1.1 200 OK\r\n\r\n[1,2]"), "its answer is not a map"],
  [
    "fields of another kind",
    (socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n{"version":7}'),
    "its answer.version is not a text",
  ],
  [
    "endless headers",
    (socket) => socket.write(`HTTP/1.1 200 OK\r\nx: ${"y".repeat(100_000)}`),
    "does not speak HTTP",
  ],
];

for (const [what, send, text] of NOT_SLUICE) {
  test(`AdminClient: a server that sends ${what} is told from a sluice`, async (t) => {
    const address = await openRaw(t, (socket) => socket.once("data", () => send(socket)));
    await assert.rejects(askStatus(openClient(t, address)), says(text));
  });
}

test("AdminClient: an answer without end is cut off", async (t) => {
  let sent = 0;
  const address = await openRaw(t, (socket) => {
    socket.write("HTTP/1.1 200 OK\r\n\r\n");
    const more = (): void => {
      while (!socket.destroyed && socket.write(Buffer.alloc(65_536, 0x20))) sent += 65_536;
    };
    socket.on("drain", more);
    more();
  });
  await assert.rejects(
    askStatus(openClient(t, address, {}, 1_000_000)),
    says("more than 1000000 bytes came"),
  );
  assert.ok(sent < 50_000_000);
});

test("AdminClient: a server that says nothing, or a little at a time, has its time and no more", async (t) => {
  const silent = await openRaw(t, () => {});
  await assert.rejects(
    askStatus(openClient(t, silent), { timeoutMs: 100 }),
    says("has not answered within 0.1 s"),
  );
  const slow = await openRaw(t, async (socket) => {
    socket.write("HTTP/1.1 200 OK\r\n\r\n");
    while (!socket.destroyed) {
      socket.write(" ");
      await delay(10);
    }
  });
  await assert.rejects(
    askStatus(openClient(t, slow), { timeoutMs: 200 }),
    says("has not answered within 0.2 s"),
  );
});

test("AdminClient: a stream may take longer than the time for its headers", async (t) => {
  const fake = await openFakeAdmin(t, {
    "GET /slow": (_, response) => {
      response.write("a");
      setTimeout(() => response.end("b"), 3_100);
    },
  });
  const stream = await openClient(t, fake.address).stream("/slow", { timeoutMs: 3_000 });
  let text = "";
  for await (const chunk of stream) text += chunk;
  assert.equal(text, "ab");
});

test("readAs: what an older or newer balancer has more or less of is no reason to refuse", async (t) => {
  const status = { ...statusSample(), tomorrow: 1, drops: { sunspots: 3 }, replyDrops: {} };
  const fake = await openFakeAdmin(t, {
    "GET /api/v1/status": status,
    "GET /api/v1/backends": { backends: [{ ...backendSample("a"), probes: undefined, health: "resting" }] },
  });
  const client = openClient(t, fake.address);
  assert.deepEqual((await askStatus(client)).drops, { sunspots: 3 });
  assert.equal((await askBackends(client)).backends[0].health, "resting");
});

test("readAs: what is read is checked to its leaves, and named", async (t) => {
  const fake = await openFakeAdmin(t, {
    "GET /api/v1/backends": {
      backends: [backendSample("a"), { ...backendSample("b"), replyTime: { p50Ms: "1" } }],
    },
    "GET /api/v1/events": { events: [{ id: 1, at: "x", type: "warning", data: null }], missed: 0 },
    "GET /api/v1/status": { ...statusSample(), drops: { no_backend: "many" } },
  });
  const client = openClient(t, fake.address);
  await assert.rejects(askBackends(client), says("its answer.backends[1].replyTime.p50Ms is not a number"));
  await assert.rejects(askEvents(client), says("its answer.events[0].data is not a map"));
  await assert.rejects(askStatus(client), says("its answer.drops.no_backend is not a number"));
});

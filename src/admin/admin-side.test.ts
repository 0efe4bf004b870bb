/** The life of the admin side: with and without the API, handed over and taken back, figures sent. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { type AddressInfo, createServer as createPlainServer } from "node:net";
import { dirname } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { parseConfig } from "../config/parse-config.js";
import { createFolder, openRequest, openRig, readAnswer } from "./admin-rig.testing.js";

async function status(port: number, path = "/healthz"): Promise<number> {
  return (await readAnswer(await openRequest({ port }, path))).status;
}

/** Looks until it no longer throws. */
async function eventually<T>(check: () => T | Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await check();
    } catch (error) {
      if (tries > 3_000) throw error;
    }
    await delay(20);
  }
}

async function takePort(t: TestContext): Promise<{ port: number; release: () => void }> {
  const server = createPlainServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  return { port: (server.address() as AddressInfo).port, release: () => server.close() };
}

const configWith = (rest: object) =>
  parseConfig({ listeners: [{ address: "127.0.0.1:0" }], pools: [{ backends: ["127.0.0.1:9"] }], ...rest });

test("AdminSide: handed over, its own sockets are closed, and the name of the Unix socket stays", async (t) => {
  const { side, port, socketPath } = await openRig(t);
  assert.equal(await status(port), 200);
  assert.deepEqual([...side.descriptors().keys()], ["127.0.0.1:0", `unix:${socketPath}`]);
  await side.handOver();
  assert.deepEqual([side.addresses, side.descriptors().size], [[], 0]);
  await assert.rejects(status(port), /ECONNREFUSED/);
  assert.ok(existsSync(socketPath));
  await side.close();
  assert.ok(existsSync(socketPath));
});

test("AdminSide: closed, it removes its Unix socket, but not what has its name by then", async (t) => {
  const { change, socketPath } = await openRig(t);
  await change({ listen: "127.0.0.1:0" });
  assert.deepEqual(readdirSync(dirname(socketPath)), []);
  await change({ listen: `unix:${socketPath}` });
  rmSync(socketPath);
  writeFileSync(socketPath, "not a socket");
  await change({ listen: "127.0.0.1:0" });
  assert.equal(readFileSync(socketPath, "utf8"), "not a socket");
});

test("AdminSide: after an upgrade one address that cannot be opened keeps no other closed, and no reload out", async (t) => {
  const { port, release } = await takePort(t);
  release();
  const { side, warnings, change } = await openRig(t);
  const admin = { listen: [`unix:${createFolder(t)}/none/sock`, `127.0.0.1:${port}`] };
  (await side.prepare(configWith({ admin }), { isTaken: true })).commit();
  assert.equal(await eventually(() => status(port)), 200);
  await eventually(() => assert.equal(warnings.length, 1));
  assert.match(warnings[0].message, /none\/sock: cannot be opened: .*: closed until sluice is started anew/);
  await change({ ...admin, hosts: ["example.org"] });
  assert.equal(await status(port), 200);
});

test("AdminSide: what another process has still is opened as soon as it is free", async (t) => {
  const { port, release } = await takePort(t);
  const { side } = await openRig(t);
  const config = configWith({ admin: { listen: `127.0.0.1:${port}`, token: "a-token-of-some-length" } });
  (await side.prepare(config, { isTaken: true })).commit();
  await delay(150);
  assert.ok(!side.addresses.includes(`127.0.0.1:${port}`));
  release();
  assert.equal(await eventually(() => status(port)), 200);
  assert.equal(await status(port, "/api/v1/status"), 401);
});

test("AdminSide: rolled back, what was opened is closed and the rest answers", async (t) => {
  const { port: other, release } = await takePort(t);
  release();
  const { side, port } = await openRig(t);
  const prepared = await side.prepare(configWith({ admin: { listen: `127.0.0.1:${other}` } }));
  assert.equal(await status(other), 200);
  await prepared.rollback();
  await assert.rejects(status(other), /ECONNREFUSED/);
  assert.equal(await status(port), 200);
});

test("AdminSide: figures are sent with and without the API, to the collector of the config, until it has none", async (t) => {
  const counts = new Map<string, number>();
  const openCollector = async (name: string): Promise<string> => {
    const server: Server = createServer((request, response) => {
      counts.set(name, (counts.get(name) ?? 0) + 1);
      request.resume();
      response.setHeader("content-type", "application/json");
      response.end("{}");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.after(() => {
      server.close();
      server.closeAllConnections();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const { side } = await openRig(t);
  const put = async (endpoint: string | undefined): Promise<void> => {
    const metrics = endpoint && { otlp: { endpoint, interval: "1s" } };
    (await side.prepare(configWith(metrics ? { metrics } : {}))).commit();
  };
  await put(await openCollector("first"));
  assert.deepEqual(side.addresses, []);
  await eventually(() => assert.ok((counts.get("first") ?? 0) >= 1));
  await put(await openCollector("second"));
  await eventually(() => assert.ok((counts.get("second") ?? 0) >= 1));
  await put(undefined);
  const after = [...counts.values()];
  await delay(1_200);
  assert.deepEqual([...counts.values()], after);
});

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { createServer as createTcpServer, type Server } from "node:net";
import { afterEach, describe, it } from "node:test";
import type { HttpProbeConfig } from "../../config/health-config.js";
import { type Endpoint, parseEndpoint } from "../../core/address.js";
import { createHttpProbe } from "./http.js";
import { createTcpProbe } from "./tcp.js";

const never = new AbortController().signal;
let server: Server | undefined;

afterEach(() => server?.close());

async function listen(opened: Server): Promise<Endpoint> {
  server = opened.listen(0, "127.0.0.1");
  await once(server, "listening");
  return parseEndpoint(`127.0.0.1:${(server.address() as { port: number }).port}`);
}

const CONFIG: HttpProbeConfig = {
  type: "http",
  method: "GET",
  path: "/health?full=1",
  status: ["200-299"],
  host: "",
  insecure: false,
};

async function ask(answer: RequestListener, config: Partial<HttpProbeConfig> = {}, timeoutMs = 2_000) {
  const target = await listen(createServer(answer));
  const { ok, reason } = await createHttpProbe({ ...CONFIG, ...config }).run(target, timeoutMs, never);
  return { ok, reason, target };
}

describe("createHttpProbe", () => {
  it("asks for the path as the host, and takes an expected status", async () => {
    let seen = "";
    const { ok, reason, target } = await ask((request, response) => {
      seen = `${request.method} ${request.url} ${request.headers.host}`;
      response.writeHead(204).end();
    });
    assert.deepEqual([ok, reason], [true, "status 204"]);
    assert.equal(seen, `GET /health?full=1 127.0.0.1:${target.port}`);
  });

  it("uses the method and host it was given", async () => {
    let seen = "";
    await ask(
      (request, response) => {
        seen = `${request.method} ${request.headers.host}`;
        response.end();
      },
      { method: "HEAD", host: "www.example.org" },
    );
    assert.equal(seen, "HEAD www.example.org");
  });

  it("fails by another status, redirects too", async () => {
    const { ok, reason } = await ask((_request, response) =>
      response.writeHead(302, { Location: "/" }).end(),
    );
    assert.deepEqual([ok, reason], [false, "status 302, expected 200-299"]);
  });

  it("does not wait for the end of an answer that has none", async () => {
    const { ok } = await ask((_request, response) => response.writeHead(200).write("a"));
    assert.equal(ok, true);
  });

  it("fails when nothing is answered", async () => {
    assert.equal((await ask(() => {}, {}, 60)).reason, "no answer within 60ms");
  });

  it("fails by an answer that is not HTTP", async () => {
    const target = await listen(
      createTcpServer((socket) => socket.on("error", () => {}).end("SSH-2.0-x\r\n")),
    );
    const { ok, reason } = await createHttpProbe(CONFIG).run(target, 2_000, never);
    assert.equal(ok, false);
    assert.match(reason, /^the answer is not HTTP \(HPE_\w+\)$/);
  });

  it("fails by a server that speaks no TLS, for https", async () => {
    const { ok, reason } = await ask((_request, response) => response.end(), { type: "https" });
    assert.equal(ok, false);
    assert.doesNotMatch(reason, /undefined/);
  });
});

describe("createTcpProbe", () => {
  it("takes a connection that opens", async () => {
    const target = await listen(createTcpServer((socket) => socket.on("error", () => {})));
    const { ok, reason } = await createTcpProbe().run(target, 2_000, never);
    assert.deepEqual([ok, reason], [true, "connected"]);
  });

  it("fails when it is refused", async () => {
    const target = await listen(createTcpServer());
    server?.close();
    const { ok, reason } = await createTcpProbe().run(target, 2_000, never);
    assert.deepEqual([ok, reason], [false, "connection refused"]);
  });
});

/**
 * The API of a real balancer, asked everything that its own description knows, with values that nobody would send. Whatever
 * comes, the answer is no server error, the token shows nowhere, and datagrams still pass.
 */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { type Answer, type Ask, openRequest, readAnswer } from "#src/admin/admin-rig.testing.js";
import { createApiDocument } from "#src/admin/api-document.js";
import { startBalancer } from "#src/balancer.js";
import type { StartedBalancer } from "#src/started-balancer.js";
import { openBackend } from "../support/backends.js";
import { UdpPeer } from "../support/udp-peer.js";

const TOKEN = "token-that-must-never-show";
const RUNS = 700;

interface Schema {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
}
interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: Schema }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
}
interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

const { paths } = (await createApiDocument()) as {
  paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
};
const operations = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
);

const nasty = fc.constantFrom(
  ...[
    "",
    "0",
    "-1",
    "1e309",
    "NaN",
    "null",
    "undefined",
    "true",
    "[]",
    "{}",
    "../../etc/passwd",
    "%00",
    "%",
    "a/b",
    "\u0000",
  ],
  ...[
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
    "web/a",
    "web",
    "a",
    "dns",
    "127.0.0.1",
    "127.0.0.1:1",
    "[::1]:1",
  ],
  ...[
    "10.0.0.0/8",
    "::/0",
    "fe80::1%eth0:1",
    "1".repeat(300),
    "30s",
    "-5s",
    "9999999999h",
    "2099-01-01T00:00:00Z",
    "0-0-0",
    "0-1-a0001",
  ],
  ...["enabled", "draining", "warning,reload", "🦊", "\ud800", "a\r\nx: y", "'; DROP TABLE", "%2e%2e%2f"],
);

/** Values that fit a schema, values that nearly do, and others. */
function valuesOf(schema: Schema): fc.Arbitrary<string> {
  const fitting =
    schema.enum !== undefined
      ? fc.constantFrom(...schema.enum)
      : schema.type === "integer"
        ? fc
            .integer({ min: (schema.minimum ?? 0) - 1, max: Math.min((schema.maximum ?? 100) + 1, 100_000) })
            .map(String)
        : fc.constantFrom("web", "a", "dns", "127.0.0.1:5000", "10.0.0.0/8", "30s", "0-1-a0001");
  return fc.oneof(
    { weight: 3, arbitrary: fitting },
    { weight: 2, arbitrary: nasty },
    fc.string({ unit: "binary", maxLength: 40 }),
  );
}

/** A body: with the keys of its schema, any JSON at all, or bytes that are none. */
function bodyOf({ properties = {} }: Schema): fc.Arbitrary<string> {
  const value = fc.oneof(fc.constantFrom("draining", "enabled", 5, "30s"), fc.jsonValue(), nasty);
  const keys = Object.fromEntries(Object.keys(properties).map((key) => [key, value]));
  const config = fc.record(
    {
      listen: fc.oneof(fc.constant("127.0.0.1:0"), value),
      backends: fc.oneof(fc.constant(["127.0.0.1:9"]), value),
      listeners: value,
      pools: value,
      admin: value,
      policy: fc.oneof(fc.constant("maglev"), value),
    },
    { requiredKeys: [] },
  );
  return fc.oneof(
    fc.record(keys, { requiredKeys: [] }).map((fields) => JSON.stringify(fields)),
    config.map((fields) => JSON.stringify(fields)),
    fc.json(),
    fc.constantFrom(
      "{",
      '{"__proto__": {}}',
      "a: &a [*a]",
      "- ".repeat(500),
      "[".repeat(5000),
      "\ufeff{}",
      "a: !!js/function x",
    ),
    fc.string({ unit: "binary", maxLength: 100 }),
  );
}

const apiRequest: fc.Arbitrary<ApiRequest> = fc
  .constantFrom(...operations)
  .chain(({ path, method, operation: { parameters = [], requestBody } }) => {
    const place = (where: string) =>
      Object.fromEntries(
        parameters.filter((one) => one.in === where).map(({ name, schema }) => [name, valuesOf(schema)]),
      );
    const content = Object.entries(requestBody?.content ?? { "application/json": { schema: {} } });
    return fc
      .record({
        method: fc.oneof(
          { weight: 9, arbitrary: fc.constant(method) },
          fc.constantFrom("GET", "PUT", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS"),
        ),
        params: fc.record(place("path")),
        query: fc.record(place("query"), { requiredKeys: [] }),
        extra: fc.option(fc.tuple(nasty, nasty), { freq: 8 }),
        headers: fc.record(place("header"), { requiredKeys: [] }),
        match: fc.option(fc.constantFrom('"v1"', "*", '"v99"'), { freq: 2 }),
        accept: fc.option(fc.constantFrom("application/json", "application/yaml", "*/*", "x")),
        type: fc.constantFrom(...content.map(([type]) => type), "text/plain", "application/json; charset=x"),
        body: fc.option(fc.oneof(...content.map(([, { schema }]) => bodyOf(schema)))),
      })
      .map(({ params, query, extra, headers, match, accept, type, body, method: verb }) => {
        const filled = path.replace(/\{(\w+)\}/g, (_, name: string) =>
          escapePart((params as Record<string, string>)[name]!),
        );
        const pairs = [...Object.entries(query as Record<string, string>), ...(extra ? [extra] : [])];
        const search = pairs.map(([name, value]) => `${escapePart(name)}=${escapePart(value)}`).join("&");
        return {
          method: verb,
          path: search === "" ? filled : `${filled}?${search}`,
          headers: {
            "content-type": type,
            ...Object.fromEntries(
              Object.entries(headers as Record<string, string>).map(([name, value]) => [
                name,
                headerText(value),
              ]),
            ),
            ...(match !== null && { "if-match": match }),
            accept: path === "/api/v1/events" ? "application/json" : (accept ?? "*/*"),
          },
          body: verb === "GET" || verb === "HEAD" ? undefined : (body ?? undefined),
        };
      });
  });

/** Surrogates cannot be escaped one by one. */
function escapePart(text: string): string {
  return encodeURIComponent(text.replace(/[\ud800-\udfff]/g, "\ufffd"));
}

/** What Node lets out in a header. */
function headerText(text: string): string {
  return text.replace(/[^\t\x20-\x7e]/g, "?");
}

/** A balancer with the API, and its port. */
async function openFuzzed(t: TestContext): Promise<{ balancer: StartedBalancer; port: number }> {
  const backend = await openBackend(t, "a");
  const balancer = await startBalancer(
    {
      listeners: [{ name: "dns", address: "127.0.0.1:0" }],
      pools: [{ name: "web", affinity: "client", backends: [backend.entry] }],
      admin: { listen: "127.0.0.1:0", token: TOKEN },
      plane: "portable",
    },
    {},
  );
  t.after(() => balancer.close({ graceMs: 0 }));
  return { balancer, port: Number(balancer.adminAddresses[0]!.split(":").at(-1)) };
}

/** The whole answer, but of a tap only how it begins: it would take its time. */
async function ask(port: number, path: string, request: Ask): Promise<Answer> {
  const message = await openRequest({ port }, path, { ...request, token: TOKEN });
  if (message.headers["content-type"] !== "application/x-pcapng") return readAnswer(message);
  message.on("error", () => {});
  message.destroy();
  return { status: message.statusCode ?? 0, headers: message.headers, text: "", json: undefined };
}

test("whatever is asked: no server error, no crash, no token, and datagrams pass", async (t) => {
  const { balancer, port } = await openFuzzed(t);
  const warnings: string[] = [];
  balancer.on("warning", ({ code, message }) => warnings.push(`${code}: ${message}`));
  const seen = new Map<number, number>();
  await fc.assert(
    fc.asyncProperty(apiRequest, async ({ method, path, headers, body }) => {
      // A config that is right would be in force, and the API elsewhere or gone.
      const query = method === "PUT" && path.startsWith("/api/v1/config") ? withDryRun(path) : path;
      const answer = await ask(port, query, { method, headers, ...(body !== undefined && { body }) });
      seen.set(answer.status, (seen.get(answer.status) ?? 0) + 1);
      const shown = `${method} ${query}\n${JSON.stringify(headers)}\n${body}\n→ ${answer.status} ${answer.text.slice(0, 500)}`;
      assert.ok(answer.status < 500 || answer.status === 503, shown);
      assert.ok(!answer.text.includes(TOKEN) && !JSON.stringify(answer.headers).includes(TOKEN), shown);
      if (answer.status >= 400 && method !== "HEAD")
        assert.equal(typeof answer.json?.error?.code, "string", shown);
    }),
    { numRuns: RUNS },
  );
  assert.ok((seen.get(200) ?? 0) > RUNS / 20, JSON.stringify([...seen]));
  assert.ok((seen.get(400) ?? 0) > RUNS / 20, JSON.stringify([...seen]));
  assert.ok(!warnings.join().includes(TOKEN));
  assert.deepEqual(
    warnings.filter((text) => text.startsWith("admin_defect")),
    [],
  );
  balancer.backends.enable("web/a");
  balancer.backends.weight("web/a", 1);
  const client = await UdpPeer.open(t);
  const [listener] = balancer.listeners;
  client.send("still here?", listener!.address);
  assert.equal((await client.receive()).text, "a:still here?");
});

function withDryRun(path: string): string {
  return `${path.split("?", 1)[0]}?dryRun=1`;
}

test("bytes that are no HTTP: an answer or nothing, and the next request is answered", async (t) => {
  const { port } = await openFuzzed(t);
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.boolean(), async (bytes, isHead) => {
      const text = await new Promise<string>((resolve) => {
        let all = "";
        const socket = connect(port, "127.0.0.1");
        socket.on("data", (chunk) => {
          all += chunk.toString("latin1");
        });
        socket.on("error", () => {});
        socket.on("close", () => resolve(all));
        if (isHead) socket.write("GET /api/v1/status HTTP/1.1\r\n");
        socket.end(bytes);
      });
      assert.ok(text === "" || /^HTTP\/1\.1 [1234]/.test(text), text.slice(0, 100));
    }),
    { numRuns: 150 },
  );
  assert.equal((await readAnswer(await openRequest({ port }, "/healthz"))).status, 200);
});

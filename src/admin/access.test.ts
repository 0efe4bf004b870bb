/** Who may do what, over real sockets: tokens, places, names, pages of other sites. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Ask, openRig, READ_TOKEN, TOKEN } from "./admin-rig.testing.js";

const LOOK = "/api/v1/status";
const BACKEND = "/api/v1/backends/web/a";
const change: Ask = { method: "PATCH", body: { weight: 5 } };
const WRONG = "token-that-nobody-ever-gave";

for (const unix of [false, true]) {
  const place = unix ? "Unix socket" : "loopback";

  test(`without tokens, ${place} may look and change`, async (t) => {
    const { ask, balancer } = await openRig(t);
    assert.equal((await ask(LOOK, { unix })).status, 200);
    assert.equal((await ask(BACKEND, { ...change, unix })).status, 200);
    const by = unix ? { by: "socket" } : { by: "local", from: "127.0.0.1" };
    assert.deepEqual(balancer.calls, [["weight", "web/a", 5, by]]);
  });

  test(`with a token, ${place} needs it`, async (t) => {
    const { ask, balancer } = await openRig(t, { token: TOKEN });
    for (const wish of [{}, { token: WRONG }, { headers: { authorization: `Basic ${TOKEN}` } }]) {
      for (const [path, what] of [
        [LOOK, {}],
        ["/metrics", {}],
        ["/api/v1/nothing", {}],
        [BACKEND, change],
      ] as const) {
        const answer = await ask(path, { ...what, ...wish, unix });
        assert.equal(answer.status, 401, path);
        assert.equal(answer.headers["www-authenticate"], 'Bearer realm="sluice"');
        assert.equal(answer.json.error.code, "UNAUTHORIZED");
      }
    }
    assert.equal((await ask(LOOK, { token: TOKEN, unix })).status, 200);
    assert.equal((await ask(BACKEND, { ...change, token: TOKEN, unix })).status, 200);
    const from = unix ? {} : { from: "127.0.0.1" };
    assert.deepEqual(balancer.calls, [["weight", "web/a", 5, { by: "token", ...from }]]);
  });
}

test("a read token may look, and neither change nor see payload", async (t) => {
  const { ask, balancer } = await openRig(t, { token: TOKEN, readToken: READ_TOKEN });
  assert.equal((await ask(LOOK, { token: READ_TOKEN })).status, 200);
  assert.equal((await ask("/metrics", { token: READ_TOKEN })).status, 200);
  for (const [path, what] of [
    [BACKEND, change],
    ["/api/v1/flows/x", { method: "DELETE" }],
    ["/api/v1/reload", { method: "POST" }],
    ["/api/v1/config", { method: "PUT", body: {} }],
    ["/api/v1/config?dryRun=1", { method: "PUT", body: {} }],
    ["/api/v1/tap?listener=dns", {}],
  ] as const) {
    const answer = await ask(path, { ...what, token: READ_TOKEN });
    assert.equal(answer.status, 403, path);
    assert.equal(answer.json.error.code, "FORBIDDEN");
  }
  assert.deepEqual(balancer.calls, []);
});

test("only a read token: nobody may change anything", async (t) => {
  const { ask } = await openRig(t, { readToken: READ_TOKEN });
  assert.equal((await ask(LOOK)).status, 401);
  assert.equal((await ask(LOOK, { token: READ_TOKEN })).status, 200);
  assert.equal((await ask(BACKEND, { ...change, token: READ_TOKEN })).status, 403);
});

test("the page and what monitors ask need no token", async (t) => {
  const { ask } = await openRig(t, { token: TOKEN });
  for (const path of ["/", "/healthz", "/readyz"]) assert.equal((await ask(path)).status, 200, path);
});

test("ten wrong tokens a minute, then even the right one waits; another address does not", async (t) => {
  const { ask } = await openRig(t, { token: TOKEN });
  for (let i = 0; i < 10; i++) assert.equal((await ask(LOOK, { token: `${WRONG}-${i}` })).status, 401);
  for (const token of [WRONG, TOKEN]) {
    const { status, headers, json } = await ask(LOOK, { token });
    assert.equal(status, 429);
    assert.equal(json.error.code, "TOO_MANY_TRIES");
    assert.ok(Number(headers["retry-after"]) > 0 && Number(headers["retry-after"]) <= 60);
  }
  assert.equal((await ask(LOOK, { token: TOKEN, unix: true })).status, 200);
});

test("a reload gives nobody new tries, and new tokens are in force at once", async (t) => {
  const { ask, change: reload, socketPath, port } = await openRig(t, { token: TOKEN });
  const listen = ["127.0.0.1:0", `unix:${socketPath}`];
  for (let i = 0; i < 10; i++) await ask(LOOK, { token: WRONG });
  await reload({ listen, token: "another-token-than-before" });
  assert.ok(port > 0);
  assert.equal((await ask(LOOK, { token: "another-token-than-before" })).status, 429);
  assert.equal((await ask(LOOK, { token: "another-token-than-before", unix: true })).status, 200);
  assert.equal((await ask(LOOK, { token: TOKEN, unix: true })).status, 401);
});

test("Host: IP literals, localhost and configured names; others are not ours", async (t) => {
  const { ask } = await openRig(t, { hosts: ["lb.example.org"] });
  for (const host of [
    "127.0.0.1",
    "127.0.0.1:80",
    "[::1]:9901",
    "192.0.2.7",
    "localhost:1",
    "LB.example.ORG:9901",
  ]) {
    assert.equal((await ask(LOOK, { headers: { host } })).status, 200, host);
  }
  for (const host of [
    "evil.example",
    "127.0.0.1.evil.example",
    "lb.example.org.evil",
    "[::1",
    "a b",
    "[evil]",
  ]) {
    const { status, json } = await ask(LOOK, { headers: { host } });
    assert.equal(status, 421, host);
    assert.equal(json.error.code, "HOST_NOT_ALLOWED");
  }
  assert.equal((await ask("/", { headers: { host: "evil.example" } })).status, 200);
  assert.equal((await ask(LOOK, { unix: true, headers: { host: "anything" } })).status, 200);
});

test("Origin, Sec-Fetch-Site and Referer: pages of other sites change nothing and hold nothing", async (t) => {
  const { ask, balancer } = await openRig(t);
  const host = "127.0.0.1:9901";
  const same = await ask(BACKEND, {
    ...change,
    headers: { host, origin: `http://${host}`, "sec-fetch-site": "same-origin" },
  });
  assert.equal(same.status, 200);
  for (const headers of [
    { origin: "http://evil.example" },
    { origin: "null" },
    { origin: `http://${host}.evil.example` },
    { origin: "http://127.0.0.1:1" },
    { "sec-fetch-site": "cross-site" },
  ]) {
    const { status, json } = await ask(BACKEND, { ...change, headers: { host, ...headers } });
    assert.equal(status, 403, JSON.stringify(headers));
    assert.equal(json.error.code, "ORIGIN_NOT_ALLOWED");
  }
  assert.equal(balancer.calls.length, 1);
  const taps = "/api/v1/tap?listener=dns";
  for (const path of [LOOK, taps, "/api/v1/events", "/metrics", "/api/v1/config", "/api/v1/flows"]) {
    for (const headers of [
      { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image" },
      { "sec-fetch-site": "same-site" },
      { referer: "https://evil.example/" },
      { referer: "http://127.0.0.1:1/" },
    ]) {
      const { status, json } = await ask(path, { headers: { host, ...headers } });
      assert.deepEqual([status, json.error.code], [403, "ORIGIN_NOT_ALLOWED"], path);
    }
  }
  assert.equal(balancer.calls.length, 1, "no tap was opened");
  for (const headers of [{ "sec-fetch-site": "none" }, { referer: `http://${host}/` }, {}]) {
    assert.equal((await ask(LOOK, { headers: { host, ...headers } })).status, 200);
  }
  assert.equal((await ask("/healthz", { headers: { host, "sec-fetch-site": "cross-site" } })).status, 200);
  assert.equal((await ask("/", { headers: { host, "sec-fetch-site": "cross-site" } })).status, 200);
});

test("every answer, also a refusal, tells browsers what they may not", async (t) => {
  const { ask } = await openRig(t, { token: TOKEN });
  for (const path of ["/", "/healthz", LOOK, "/nothing", "/%"]) {
    const { headers } = await ask(path);
    const policy = String(headers["content-security-policy"]);
    assert.match(policy, /default-src 'self'/, path);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.doesNotMatch(policy, /unsafe/);
    assert.equal(headers["x-content-type-options"], "nosniff");
    assert.equal(headers["access-control-allow-origin"], undefined);
  }
  assert.equal((await ask(LOOK, { token: TOKEN })).headers["cache-control"], "no-store");
});

test("tokens show in no answer, warning or event", async (t) => {
  const { ask, warnings } = await openRig(t, { token: TOKEN, readToken: READ_TOKEN });
  const texts = [JSON.stringify(warnings)];
  for (const path of ["status", "config", "events", "openapi.json", "nothing"]) {
    const headers = { accept: "application/json" };
    texts.push((await ask(`/api/v1/${path}`, { token: TOKEN, headers })).text);
    texts.push((await ask(`/api/v1/${path}`, { token: `${TOKEN}x`, headers })).text);
  }
  for (const text of texts) assert.ok(!text.includes(TOKEN) && !text.includes(READ_TOKEN), text);
});

test("without a token, a config over loopback names no new program or file", async (t) => {
  const { ask, balancer } = await openRig(t);
  const config = (command: string) => ({
    listen: "127.0.0.1:1",
    backends: ["127.0.0.1:2"],
    health: { probe: { type: "exec", command: [command] } },
  });
  for (const path of ["/api/v1/config?dryRun=1", "/api/v1/config"]) {
    const put: Ask = { method: "PUT", body: config("/bin/true"), headers: { "if-match": "*" } };
    const answer = await ask(path, put);
    assert.equal(answer.status, 403, path);
    assert.equal(answer.json.error.code, "TOKEN_NEEDED");
    assert.equal((await ask(path, { ...put, unix: true })).status, 200, path);
  }
  assert.equal(balancer.calls.filter(([name]) => name === "reload").length, 1);
});

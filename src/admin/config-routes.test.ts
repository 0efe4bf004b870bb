/** The config over HTTP: its version, trials, conflicts, and the places of problems. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigError } from "../config/config-error.js";
import { loadConfigText } from "../config/load-config.js";
import { ListenError } from "../core/errors.js";
import { type Ask, openRig, type Rig } from "./admin-rig.testing.js";
import { planView, reloadView } from "./schemas.js";

const CONFIG = "/api/v1/config";
const put = ({ ask }: Rig, what: Ask, query = "") =>
  ask(`${CONFIG}${query}`, { method: "PUT", body: { listen: "127.0.0.1:0" }, ...what });
const match = { "if-match": '"v3"' };

test("GET gives JSON, or YAML to who asks for it, with the version as ETag", async (t) => {
  const { ask, balancer } = await openRig(t);
  const json = await ask(CONFIG);
  assert.equal(json.headers.etag, '"v3"');
  assert.deepEqual(json.json, balancer.config.document);
  const yaml = await ask(CONFIG, { headers: { accept: "application/yaml" } });
  assert.match(String(yaml.headers["content-type"]), /^application\/yaml/);
  assert.match(yaml.text, /policy: maglev\n/);
  assert.match(yaml.text, /token: "\[redacted\]"\n/);
});

test("PUT needs If-Match, and the one of the config in force", async (t) => {
  const rig = await openRig(t);
  const without = await put(rig, {});
  assert.deepEqual([without.status, without.json.error.code], [428, "IF_MATCH_NEEDED"]);
  const old = await put(rig, { headers: { "if-match": '"v2"' } });
  assert.deepEqual([old.status, old.json.error.code, old.headers.etag], [412, "CONFIG_CHANGED", '"v3"']);
  assert.deepEqual(rig.balancer.calls, []);
  const { status, json } = await put(rig, { headers: match });
  assert.equal(status, 200);
  assert.deepEqual(reloadView.parse(json), json);
  assert.equal(json.version, 4);
});

test("two at once with the same If-Match: one is in force, the other is told", async (t) => {
  const rig = await openRig(t);
  const answers = await Promise.all([put(rig, { headers: match }), put(rig, { headers: match })]);
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 412]);
  assert.equal(rig.balancer.calls.length, 1);
});

test("dryRun=1 is a plan, needs no If-Match, and fails on one that is old", async (t) => {
  const rig = await openRig(t);
  const { status, json } = await put(rig, {}, "?dryRun=1");
  assert.equal(status, 200);
  assert.deepEqual(planView.parse(json), json);
  assert.equal((await put(rig, { headers: { "if-match": '"v2"' } }, "?dryRun=1")).status, 412);
  assert.deepEqual(
    rig.balancer.calls.map(([what]) => what),
    ["plan"],
  );
});

test("a config without admin keeps the one in force", async (t) => {
  const rig = await openRig(t);
  const { admin } = rig.balancer.config.document;
  assert.notEqual(admin, undefined);
  await put(rig, { body: { listen: "127.0.0.1:0" } }, "?dryRun=1");
  const other = { body: { listen: "127.0.0.1:0", admin: { listen: "127.0.0.1:7" } } };
  const refused = await put(rig, other, "?dryRun=1");
  assert.deepEqual([refused.status, refused.json.error.code], [403, "TOKEN_NEEDED"]);
  rig.balancer.calls.splice(1);
  assert.equal((await put(rig, { ...other, unix: true }, "?dryRun=1")).status, 200);
  assert.deepEqual(
    rig.balancer.calls.map(([, config]) => config),
    [
      { listen: "127.0.0.1:0", admin },
      { listen: "127.0.0.1:0", admin: { listen: "127.0.0.1:7" } },
    ],
  );
});

test("YAML and JSON are read alike, and secrets that are left out stay for the balancer to fill in", async (t) => {
  const rig = await openRig(t);
  const value = { listen: "127.0.0.1:0", secret: "[redacted]", admin: { listen: "127.0.0.1:7" } };
  for (const [type, body] of [
    ["application/yaml", 'listen: 127.0.0.1:0\nsecret: "[redacted]"\nadmin: { listen: "127.0.0.1:7" }\n'],
    ["application/json", JSON.stringify(value)],
    ["text/yaml; charset=utf-8", JSON.stringify(value)],
  ]) {
    rig.balancer.config = { ...rig.balancer.config, version: 3 };
    const headers = { ...match, "content-type": type! };
    const { status } = await put(rig, { body: body!, headers, unix: true });
    assert.equal(status, 200, type);
    assert.deepEqual(rig.balancer.calls.at(-1)?.slice(0, 2), ["reload", value]);
  }
});

test("problems have their line and column, where the text tells", async (t) => {
  const rig = await openRig(t);
  const body = "listen: 127.0.0.1:0\nbackends: [127.0.0.1:1]\nidleTimeout: 5\n";
  const headers = { ...match, "content-type": "application/yaml" };
  const error = findProblems(body);
  const found = { file: undefined, line: undefined, column: undefined, path: "idleTimeout" };
  const { message } = error.problems[0]!;
  // As the balancer finds them, which sees no text.
  rig.balancer.failure = new ConfigError([
    { ...found, message },
    { ...found, message: "nobody else says this" },
  ]);
  const { status, json } = await put(rig, { body, headers });
  assert.deepEqual([status, json.error.code], [422, "CONFIG_INVALID"]);
  assert.deepEqual(json.error.problems, [
    { line: 3, column: 14, path: "idleTimeout", message },
    { line: null, column: null, path: "idleTimeout", message: "nobody else says this" },
  ]);
});

function findProblems(text: string): ConfigError {
  try {
    loadConfigText(text);
  } catch (error) {
    if (error instanceof ConfigError) return error;
  }
  throw new Error("expected problems");
}

test("what is no YAML, empty or not text is refused with its place", async (t) => {
  const rig = await openRig(t);
  for (const body of ["a: [", "", "\0", "a: 1\na: 2\n", "- {"]) {
    const { status, json } = await put(rig, {
      body,
      headers: { ...match, "content-type": "application/yaml" },
    });
    assert.deepEqual([status, json.error.code], [422, "CONFIG_INVALID"], JSON.stringify(body));
    assert.ok(json.error.problems.length > 0);
  }
  assert.equal(
    (await put(rig, { body: "x", headers: { ...match, "content-type": "text/plain" } })).status,
    415,
  );
  assert.deepEqual(rig.balancer.calls, []);
});

test("a listener that cannot be opened is a conflict", async (t) => {
  const rig = await openRig(t);
  rig.balancer.failure = new ListenError("127.0.0.1:53", "cannot open 127.0.0.1:53");
  const { status, json } = await put(rig, { headers: match });
  assert.deepEqual([status, json.error.code], [409, "LISTEN_FAILED"]);
});

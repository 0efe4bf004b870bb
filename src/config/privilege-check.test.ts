import assert from "node:assert/strict";
import { resolve } from "node:path";
import { describe, it, test } from "node:test";
import { SluiceError } from "../core/errors.js";
import { isConfig } from "./config.js";
import { describeConfig } from "./describe-config.js";
import { createJsonSchema, type JsonSchema } from "./json-schema.js";
import { parseConfig } from "./parse-config.js";
import { refuseNewPrivileges } from "./privilege-check.js";
import { createPrivilegeTree, type PrivilegeTree } from "./privileged.js";
import { configSchema } from "./schema.js";

const ADMIN = { listen: ["127.0.0.1:9901", "unix:/run/s.sock"], hosts: ["LB.example.org"] };
const EXEC = { type: "exec", command: ["/bin/check", "-x"] };
const running = {
  listeners: [{ address: "127.0.0.1:53", pool: "a" }],
  pools: [
    { name: "a", backends: ["127.0.0.1:1"], discover: [{ file: "/srv/list" }], health: { probe: EXEC } },
    {
      name: "b",
      backends: ["127.0.0.1:2"],
      health: { probe: { type: "radius", secret: { file: "/srv/key" } } },
    },
  ],
  admin: ADMIN,
  flowLog: { file: "/var/log/flows" },
  metrics: { otlp: { endpoint: "http://127.0.0.1:4318" } },
};

/** What the refusal says; undefined when there is none. */
function refusal(next: unknown, now: unknown = running): string | undefined {
  try {
    refuseNewPrivileges(next, now);
    return undefined;
  } catch (error) {
    assert.ok(error instanceof SluiceError && error.code === "TOKEN_NEEDED", String(error));
    return error.message;
  }
}

describe("refuseNewPrivileges", () => {
  it("lets the running config be written again, as it is described and in other spellings", () => {
    assert.equal(refusal(running), undefined);
    assert.equal(
      refusal(describeConfig(parseConfig(running)), describeConfig(parseConfig(running))),
      undefined,
    );
    const folder = resolve(".");
    const other = {
      ...running,
      admin: { hosts: ["lb.EXAMPLE.org"], listen: [`unix:/run/../run/s.sock`, "127.0.0.1:9901"] },
      flowLog: { file: "/var/./log/flows" },
      metrics: { otlp: { endpoint: "HTTP://127.0.0.1:4318/" } },
    };
    assert.equal(refusal(other), undefined);
    const relative = { listen: "127.0.0.1:1", backends: ["127.0.0.1:2"], flowLog: { file: "flows" } };
    assert.equal(refusal(relative, { ...relative, flowLog: { file: `${folder}/flows` } }), undefined);
    const v6 = (listen: string) => ({ listen: "127.0.0.1:1", backends: [], admin: { listen } });
    assert.equal(refusal(v6("[0:0::1]:9901"), v6("[::1]:9901")), undefined);
  });

  it("refuses every change of admin, also one that is not valid, and that it goes", () => {
    const changes: unknown[] = [
      { ...ADMIN, token: "t".repeat(20) },
      { ...ADMIN, readToken: { env: "HOME" } },
      { ...ADMIN, listen: "127.0.0.1:9901" },
      { ...ADMIN, listen: [...ADMIN.listen, "127.0.0.1:9902"] },
      { ...ADMIN, listen: ["127.0.0.1:9901", "unix:/run/t.sock"] },
      { ...ADMIN, hosts: [] },
      { ...ADMIN, tls: { cert: "/c", key: "/k" } },
      { ...ADMIN, unknown: 1 },
      null,
      undefined,
    ];
    for (const admin of changes) {
      assert.match(refusal({ ...running, admin }) ?? "", /^the config changes admin: expected a token/);
    }
  });

  it("refuses programs, files, URLs and low ports that come, in the full and the short form", () => {
    const full = (change: object) => ({ ...running, ...change });
    const short = (change: object) => ({
      listen: "127.0.0.1:1024",
      backends: ["127.0.0.1:2"],
      admin: ADMIN,
      ...change,
    });
    const pool = { name: "a", backends: ["127.0.0.1:1"] };
    const cases: [unknown, RegExp][] = [
      [full({ pools: [{ ...pool, health: { probe: { ...EXEC, command: ["/bin/check"] } } }] }), /command/],
      [
        full({ pools: [{ ...pool, discover: [{ file: "/etc/shadow" }] }] }),
        /pools\.discover\.file: \/etc\/shadow/,
      ],
      [
        full({ pools: [{ ...pool, health: { probe: { type: "radius", secret: { file: "/etc/x" } } } }] }),
        /secret/,
      ],
      [full({ pools: [{ ...pool, discover: [{ file: "/srv/key" }] }] }), /pools\.discover\.file: \/srv\/key/],
      [full({ listeners: [{ address: "0.0.0.0:514" }] }), /0\.0\.0\.0:514/],
      [full({ listeners: [{ address: "127.0.0.1:5353", guard: { denyFile: "/etc/x" } }] }), /denyFile/],
      [full({ flowLog: { file: "/etc/cron.d/x" } }), /flowLog\.file/],
      [full({ flowLog: { file: ["/etc/cron.d/x"] } }), /flowLog\.file/],
      [full({ metrics: { otlp: { endpoint: "http://evil.example" } } }), /metrics\.otlp\.endpoint/],
      [short({ listen: ["127.0.0.1:1"] }), /127\.0\.0\.1:1/],
      [short({ guard: { allowFile: "/etc/x" } }), /allowFile/],
      [short({ discover: [{ file: "/etc/x" }] }), /discover/],
      [short({ health: { probe: { type: "exec", command: ["/bin/sh"] } } }), /\/bin\/sh/],
      [short({ flowLog: { file: "/tmp/x" } }), /flowLog/],
    ];
    for (const [next, what] of cases) assert.match(refusal(next) ?? "accepted", what, JSON.stringify(next));
  });

  it("lets everything else change, and what was there go or move", () => {
    const { flowLog, metrics, ...less } = running;
    assert.equal(refusal(less), undefined);
    const [a, b] = running.pools;
    assert.equal(refusal({ ...running, pools: [{ ...b, health: a!.health }] }), undefined);
    const guard = { denyFile: "none", deny: ["10.0.0.0/8"], perClient: { datagrams: "5/s" } };
    const listeners = [{ address: "127.0.0.1:5353", guard, session: { idleTimeout: "1s" } }];
    assert.equal(refusal({ ...running, listeners, limits: { maxFlows: 5 }, plane: "portable" }), undefined);
    assert.equal(refusal("not a config", {}), undefined);
  });

  it("shows no endless path", () => {
    const message = refusal({ ...running, flowLog: { file: `/${"x".repeat(100_000)}` } });
    assert.ok(message !== undefined && message.length < 600, String(message?.length));
  });
});

/** Keys that take free text which is no path: it is sent to a backend, compared, or names something in the config. */
const PLAIN_TEXT = [
  /(^|\.)(name|pool|namePrefix)$/,
  /\.probe\.(path|host|uri|send|secret)$/,
  /\.probe\.(send|expect)\.(text|regex|base64)$/,
  /\.discover\.srv$/,
];
const REACHING = ["/etc/shadow", "unix:/run/x.sock", "http://127.0.0.1:1/", "HOME", "./run"];

test("every key of the schema that takes a path, a socket, a variable or a URL is declared privileged, or is known plain text", () => {
  const found = new Map<string, boolean>();
  walk(createJsonSchema(), createPrivilegeTree(configSchema), "", found);
  const open = [...found].filter(([, isDeclared]) => !isDeclared).map(([path]) => path);
  const undeclared = open.filter((path) => !PLAIN_TEXT.some((known) => known.test(path)));
  assert.deepEqual(
    undeclared,
    [],
    "declare it with privileged() in its schema, or list it as plain text here",
  );
  const declared = [...found].filter(([, isDeclared]) => isDeclared).map(([path]) => path);
  for (const path of [
    "admin.token.file",
    "flowLog.file",
    "listeners.guard.denyFile",
    "metrics.otlp.endpoint",
    "pools.discover.file",
    "pools.health.probe.command",
  ]) {
    assert.ok(declared.includes(path), `${path} was found by the walk: ${declared.join(" ")}`);
  }
});

/** Leaves that accept a text which reaches something, each with whether it, or a section around it, is declared. */
function walk(
  shape: JsonSchema,
  tree: PrivilegeTree | undefined,
  path: string,
  found: Map<string, boolean>,
): void {
  const isWhole = tree === undefined || (tree.privilege !== undefined && tree.privilege !== "port");
  const inner = (part: JsonSchema, declared: PrivilegeTree | undefined, at: string) =>
    walk(part, isWhole ? undefined : declared, at, found);
  for (const key of ["anyOf", "oneOf"] as const) {
    for (const [i, choice] of (shape[key] ?? []).entries()) inner(choice, tree?.[key]?.[i] ?? {}, path);
  }
  for (const [key, part] of Object.entries(shape.properties ?? {})) {
    inner(part, tree?.properties?.[key] ?? {}, path === "" ? key : `${path}.${key}`);
  }
  if (shape.items !== undefined) inner(shape.items, tree?.items ?? {}, path);
  if (shape.type !== "string" || shape.enum !== undefined || shape.const !== undefined) return;
  const { pattern } = shape;
  const reaches = pattern === undefined || REACHING.some((text) => new RegExp(pattern, "u").test(text));
  if (reaches) found.set(path, (found.get(path) ?? true) && isWhole);
}

test("isConfig: no value that can be written down passes as a checked config", () => {
  const config = parseConfig({ listen: "127.0.0.1:0", backends: ["127.0.0.1:1"] });
  assert.equal(isConfig(config), true);
  assert.equal(isConfig({ ...config, plane: "portable" }), true);
  assert.equal(isConfig(JSON.parse(JSON.stringify(config))), false);
});

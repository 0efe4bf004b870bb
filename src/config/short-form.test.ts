import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ConfigError } from "./config-error.js";
import { parseConfig } from "./parse-config.js";
import {
  expandShortForm,
  fromFullPath,
  isShortForm,
  parseBackendFlag,
  SHORT_FORM_KEYS,
  type ShortForm,
} from "./short-form.js";

const FULL: Required<ShortForm> = {
  listen: ["127.0.0.1:1", "127.0.0.1:2"],
  backends: ["127.0.0.1:3", { address: "127.0.0.1:4", weight: 2, name: "b" }],
  discover: [{ dns: "game.example.org:5" }],
  policy: "maglev",
  affinity: "client",
  health: { probe: "tcp", port: 5 },
  passive: { maxEjected: 20 },
  idleTimeout: "1s",
  maxLifetime: "2s",
  requests: 3,
  responses: 4,
  guard: { perClient: { datagrams: "10/s" } },
  maxFlows: 5,
  plane: "portable",
  workers: 2,
  grace: "6s",
  admin: { listen: "127.0.0.1:7" },
  flowLog: { file: "-" },
  metrics: { otlp: { endpoint: "http://127.0.0.1:8" } },
};

describe("expandShortForm", () => {
  it("puts every key in its place", () => {
    const session = { idleTimeout: "1s", maxLifetime: "2s", requests: 3, responses: 4 };
    assert.deepEqual(expandShortForm(FULL), {
      listeners: [
        { session, guard: FULL.guard, address: "127.0.0.1:1" },
        { session, guard: FULL.guard, address: "127.0.0.1:2" },
      ],
      pools: [
        {
          backends: FULL.backends,
          discover: FULL.discover,
          policy: "maglev",
          affinity: "client",
          health: { probe: "tcp", port: 5 },
          passive: { maxEjected: 20 },
        },
      ],
      limits: { maxFlows: 5 },
      shutdown: { grace: "6s" },
      plane: "portable",
      workers: 2,
      admin: { listen: "127.0.0.1:7" },
      flowLog: { file: "-" },
      metrics: { otlp: { endpoint: "http://127.0.0.1:8" } },
    });
  });

  it("means the same as its full form", () => {
    assert.deepEqual(parseConfig(FULL), parseConfig(expandShortForm(FULL)));
  });

  it("takes one address, and leaves defaults to the full form", () => {
    assert.deepEqual(
      expandShortForm({ listen: "127.0.0.1:1", backends: ["127.0.0.1:2"], policy: undefined }),
      {
        listeners: [{ address: "127.0.0.1:1" }],
        pools: [{ backends: ["127.0.0.1:2"] }],
        limits: {},
        shutdown: {},
      },
    );
  });

  it("refuses unknown keys, with a suggestion", () => {
    const input = { listen: "127.0.0.1:1", backends: ["127.0.0.1:2"], polcy: "maglev", colour: 1 };
    assert.throws(() => expandShortForm(input as unknown as ShortForm), {
      name: "ConfigError",
      message:
        'polcy: unknown key in the short form; did you mean "policy"?\ncolour: unknown key in the short form',
    });
  });
});

describe("SHORT_FORM_KEYS", () => {
  it("has every key of the short form, each leading to a key of the full form and back", () => {
    assert.deepEqual(SHORT_FORM_KEYS.map(({ key }) => key).sort(), Object.keys(FULL).sort());
    for (const { key, fullPath } of SHORT_FORM_KEYS) {
      const path = fullPath.split(/\.|(?=\[)/).map((part) => (part.startsWith("[") ? 0 : part));
      assert.equal(fromFullPath(path, FULL as never)[0], key, fullPath);
    }
  });
});

describe("fromFullPath", () => {
  const input = { listen: ["a", "b"], backends: [] };
  it("keeps what follows", () => {
    assert.deepEqual(fromFullPath(["pools", 0, "backends", 2, "weight"], input), ["backends", 2, "weight"]);
  });
  it("finds the listener", () => {
    assert.deepEqual(fromFullPath(["listeners", 1, "address"], input), ["listen", 1]);
    assert.deepEqual(fromFullPath(["listeners", 0, "address"], { listen: "a" }), ["listen"]);
    assert.deepEqual(fromFullPath(["listeners"], input), ["listen"]);
  });
  it("is the whole config where there is no such key", () => {
    assert.deepEqual(fromFullPath(["pools", 0], input), []);
  });
});

describe("isShortForm", () => {
  const cases: [unknown, boolean][] = [
    [{ listen: "a" }, true],
    [{ backends: [] }, true],
    [{ listen: "a", pools: [] }, false],
    [{ backends: [], listeners: [] }, false],
    [{}, false],
    [[], false],
    [null, false],
    ["listen", false],
  ];
  for (const [input, expected] of cases) {
    it(`is ${expected} for ${JSON.stringify(input)}`, () => assert.equal(isShortForm(input), expected));
  }
});

describe("parseBackendFlag", () => {
  it("reads an address alone", () => {
    assert.deepEqual(parseBackendFlag("127.0.0.1:2527"), { address: "127.0.0.1:2527" });
    assert.deepEqual(parseBackendFlag("[::1]:2527"), { address: "[::1]:2527" });
  });
  it("reads options in any order", () => {
    assert.deepEqual(parseBackendFlag("127.0.0.1:2527,weight=2,name=b,state=draining"), {
      address: "127.0.0.1:2527",
      weight: 2,
      name: "b",
      state: "draining",
    });
    assert.deepEqual(parseBackendFlag("127.0.0.1:1,name=b,weight=0"), {
      address: "127.0.0.1:1",
      name: "b",
      weight: 0,
    });
  });
  it("leaves wrong values to parseConfig", () => {
    const backends = [parseBackendFlag("127.0.0.1:1,weight=heavy")];
    assert.throws(() => parseConfig({ listen: "127.0.0.1:2", backends }), {
      message: 'backends[0].weight: found "heavy", expected a whole number from 0 to 65535',
    });
  });

  const refused: [string, string][] = [
    ["127.0.0.1:1,wieght=2", 'unknown option "wieght"; did you mean "weight"?'],
    ["127.0.0.1:1,", 'unknown option ""'],
    ["127.0.0.1:1,weight", "expected a value after weight, such as weight=2"],
    ["127.0.0.1:1,name=", "expected a value after name, such as name=b"],
    ["127.0.0.1:1,weight=1,weight=2", "weight is given twice"],
    ["127.0.0.1:1,address=127.0.0.1:2", 'unknown option "address"'],
    ["127.0.0.1:1,__proto__=1", 'unknown option "__proto__"'],
  ];
  for (const [text, message] of refused) {
    it(`refuses ${text}`, () => {
      assert.throws(
        () => parseBackendFlag(text),
        (error) =>
          error instanceof ConfigError && error.message === `backend ${JSON.stringify(text)}: ${message}`,
      );
    });
  }
});

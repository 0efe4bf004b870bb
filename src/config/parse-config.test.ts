import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatEndpoint } from "../core/address.js";
import { ConfigError } from "./config-error.js";
import { checkConfig, parseConfig } from "./parse-config.js";

const LISTENER = { address: "127.0.0.1:2525" };
const POOL = { backends: ["127.0.0.1:2526"] };

/** `path: message` of every problem. */
function problemsOf(input: unknown): string[] {
  try {
    parseConfig(input);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.problems.map(({ path, message }) => `${path}: ${message}`);
  }
  return [];
}

function withListener(fields: object): unknown {
  return { listeners: [{ ...LISTENER, ...fields }], pools: [POOL] };
}
function withPool(fields: object): unknown {
  return { listeners: [LISTENER], pools: [{ ...POOL, ...fields }] };
}

describe("parseConfig: what it gives", () => {
  it("names what has no name after its address, and the only pool default", () => {
    const config = parseConfig({ listeners: [LISTENER], pools: [POOL] });
    assert.equal(config.listeners[0].name, "127.0.0.1:2525");
    assert.equal(config.listeners[0].pool, "default");
    assert.equal(config.pools[0].name, "default");
    assert.equal(config.pools[0].backends[0].name, "127.0.0.1:2526");
  });

  it("sends a listener without a pool to the only one, whatever its name", () => {
    const config = parseConfig({ listeners: [LISTENER], pools: [{ ...POOL, name: "servers" }] });
    assert.equal(config.listeners[0].pool, "servers");
  });

  it("keeps the address as written beside what it means", () => {
    const { address, addressText } = parseConfig(withListener({ address: "[0:0::1]:53" })).listeners[0];
    assert.equal(addressText, "[0:0::1]:53");
    assert.equal(formatEndpoint(address), "[::1]:53");
  });

  it("reads units, and none and auto as 0", () => {
    const session = { idleTimeout: "1.5s", maxLifetime: "none", requests: 3, responses: "none" };
    const config = parseConfig({
      ...(withListener({ session, receiveBuffer: "64KiB" }) as object),
      limits: { maxFlows: "auto", maxFlowsPerClientIp: 5 },
      shutdown: { grace: "0s" },
    });
    assert.deepEqual(config.listeners[0].session, {
      idleTimeoutMs: 1_500,
      maxLifetimeMs: 0,
      requests: 3,
      responses: 0,
    });
    assert.equal(config.listeners[0].receiveBufferBytes, 65_536);
    assert.deepEqual(config.limits, { maxFlows: 0, maxFlowsPerClientIp: 5, onFull: "drop" });
    assert.equal(config.shutdown.graceMs, 0);
  });

  it("is frozen through and through", () => {
    const config = parseConfig({ listeners: [LISTENER], pools: [POOL] });
    const all: object[] = [config];
    for (const value of all) {
      assert.ok(Object.isFrozen(value), JSON.stringify(value));
      all.push(...Object.values(value).filter((inner) => typeof inner === "object"));
    }
    assert.ok(all.length > 10);
  });

  it("leaves the input alone", () => {
    const input = structuredClone({ listeners: [LISTENER], pools: [POOL] });
    parseConfig(input);
    assert.deepEqual(input, { listeners: [LISTENER], pools: [POOL] });
    assert.ok(!Object.isFrozen(input.listeners));
  });
});

describe("parseConfig: the short form", () => {
  it("is accepted too", () => {
    const config = parseConfig({ listen: "127.0.0.1:1", backends: ["127.0.0.1:2"], idleTimeout: "3s" });
    assert.equal(config.listeners[0].session.idleTimeoutMs, 3_000);
  });
  it("has problems at the paths that were written, each once", () => {
    const listen = ["127.0.0.1:1", "x"];
    const backends = [{ address: "127.0.0.1:3", weight: -1 }, "127.0.0.1:1"];
    const problems = problemsOf({ listen, backends, idleTimeout: 5, polcy: "maglev", maxFlows: 0 });
    assert.deepEqual(problems.map((problem) => problem.split(":")[0]).sort(), [
      "backends[0].weight",
      "backends[1]",
      "idleTimeout",
      "listen[1]",
      "maxFlows",
      "polcy",
    ]);
  });
  it("reports what is missing", () => {
    assert.deepEqual(problemsOf({ listen: "127.0.0.1:1" }), [
      "backends: missing, expected a list of backends",
    ]);
    assert.match(
      problemsOf({ backends: ["127.0.0.1:1"] }).join(),
      /^listen: missing, expected an IP address/,
    );
    assert.match(
      problemsOf({ listen: [], backends: ["127.0.0.1:1"] }).join(),
      /^listen: found an empty list/,
    );
  });
  it("is not meant where there are listeners or pools", () => {
    const problems = problemsOf({ listeners: [LISTENER], pools: [POOL], backends: [] });
    assert.deepEqual(problems, [
      "backends: unknown key, expected listeners, pools, limits, shutdown, plane, workers, admin, flowLog, metrics",
    ]);
  });
});

describe("checkConfig", () => {
  it("warns of a pool that no listener uses", () => {
    const pools = [
      { name: "a", ...POOL },
      { name: "b", ...POOL },
    ];
    const { warnings } = checkConfig({ listeners: [{ ...LISTENER, pool: "a" }], pools });
    assert.deepEqual(
      warnings.map(({ path, message }) => [path, message]),
      [["pools[1]", 'no listener uses the pool "b"']],
    );
  });
  it("warns of a pool where no backend takes new keys", () => {
    const backends = [
      { address: "127.0.0.1:1", weight: 0 },
      { address: "127.0.0.1:2", state: "draining" },
    ];
    const { warnings } = checkConfig(withPool({ backends }));
    assert.deepEqual(
      warnings.map(({ path }) => path),
      ["pools[0].backends"],
    );
  });
  it("has no warning for an ordinary config", () => {
    assert.deepEqual(checkConfig({ listeners: [LISTENER], pools: [POOL] }).warnings, []);
  });
  it("asks for the place of a value, or of the key when that is unknown, and sorts by it", () => {
    const asked: unknown[] = [];
    const locate = (path: readonly unknown[], target?: string) => {
      asked.push([...path, target]);
      return { line: target === "key" ? 1 : 2, column: 3 };
    };
    assert.throws(
      () => checkConfig({ listeners: [LISTENER], pools: [POOL], plane: "x", pane: 1 }, locate, "f"),
      (error: ConfigError) =>
        error.message.startsWith("f:1:3: pane: ") && error.message.includes("\nf:2:3: plane: "),
    );
    assert.deepEqual(asked, [
      ["plane", undefined],
      ["pane", "key"],
    ]);
  });
});

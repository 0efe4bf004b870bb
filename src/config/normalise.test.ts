/** What only `normalise` does: paths, keys that have other names, defaults that hang together. */
import assert from "node:assert/strict";
import { resolve } from "node:path";
import { describe, it } from "node:test";
import type { ConfigInput } from "./config.js";
import { normalise } from "./normalise.js";
import { configSchema } from "./schema.js";

function run(input: ConfigInput, file?: string) {
  return normalise(configSchema.parse(input), new Map(), file);
}

const address = "127.0.0.1:0";
const backends = ["127.0.0.1:2"];

describe("normalise", () => {
  it("takes paths as relative to the folder of the config, else to the working directory", () => {
    const pathOf = (path: string, file?: string) => {
      const [source] = run({ listeners: [{ address }], pools: [{ discover: [{ file: path }] }] }, file)
        .pools[0].discover;
      return source.kind === "file" ? source.path : assert.fail(source.kind);
    };
    assert.equal(pathOf("b.yaml", "/etc/sluice/c.yaml"), "/etc/sluice/b.yaml");
    assert.equal(pathOf("../b.yaml", "/etc/sluice/c.yaml"), "/etc/b.yaml");
    assert.equal(pathOf("/b.yaml", "/etc/sluice/c.yaml"), "/b.yaml");
    assert.equal(pathOf("b.yaml", "conf/c.yaml"), resolve("conf/b.yaml"));
    assert.equal(pathOf("b.yaml"), resolve("b.yaml"));
  });

  it("takes the path of a secret as relative to the folder of the config, too", () => {
    const secretOf = (secret: string | { file: string }) => {
      const health = { probe: { type: "radius", secret } } as const;
      const [pool] = run(
        { listeners: [{ address }], pools: [{ backends, health }] },
        "/etc/sluice/c.yaml",
      ).pools;
      return pool.health?.probe;
    };
    assert.deepEqual(secretOf({ file: "s" }), { type: "radius", secret: { file: "/etc/sluice/s" } });
    assert.deepEqual(secretOf({ file: "/s" }), { type: "radius", secret: { file: "/s" } });
    assert.deepEqual(secretOf("s"), { type: "radius", secret: { text: "s" } });
  });

  it("gives each kind of source only what it needs", () => {
    const options = {
      family: "ipv6",
      resolvers: ["[::1]:53"],
      minInterval: "2s",
      maxInterval: "3s",
      namePrefix: "p-",
    } as const;
    const { discover } = run({
      listeners: [{ address }],
      pools: [
        {
          discover: [
            { dns: "a.b.:5", weight: 0, backup: true, ...options },
            { srv: "_s.b", ...options },
          ],
        },
      ],
    }).pools[0];
    const shared = {
      family: "ipv6",
      resolvers: ["[::1]:53"],
      minIntervalMs: 2_000,
      maxIntervalMs: 3_000,
      namePrefix: "p-",
    };
    assert.deepEqual(discover, [
      { kind: "dns", name: "a.b", port: 5, weight: 0, backup: true, ...shared },
      { kind: "srv", name: "_s.b", ...shared },
    ]);
  });

  it("refuses a source without a kind, which the checks would have found", () => {
    assert.throws(() => run({ listeners: [{ address }], pools: [{ discover: [{}] }] }), TypeError);
  });

  it("names listeners with the same address apart, and sends them to the first pool", () => {
    const { listeners } = run({
      listeners: [{ address }, { address }, { address, name: "c" }],
      pools: [{ name: "p", backends }],
    });
    assert.deepEqual(
      listeners.map(({ name, pool }) => [name, pool]),
      [
        [address, "p"],
        [`${address}#2`, "p"],
        ["c", "p"],
      ],
    );
  });

  it("has health only where it was written", () => {
    const pools = [
      { name: "a", backends, health: { probe: "tcp" as const, timeout: "2s" } },
      { name: "b", backends },
    ];
    const [a, b] = run({ listeners: [{ address, pool: "a" }], pools }).pools;
    assert.equal(a.health?.timeoutMs, 2_000);
    assert.equal(Object.hasOwn(b, "health"), false);
  });

  it("freezes a guard too, though the arrays of numbers in it cannot be", () => {
    const [listener] = run({
      listeners: [{ address, guard: { deny: ["10.0.0.0/8"] } }],
      pools: [{ backends }],
    }).listeners;
    assert.ok(Object.isFrozen(listener.guard?.written.deny));
    assert.ok(Object.isFrozen(listener.guard?.perClient));
  });
});

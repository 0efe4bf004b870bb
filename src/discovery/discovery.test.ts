/** All sources together: what is shared, kept and merged, with name servers and a clock that the test plays. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Config, ConfigInput, PoolInput } from "../config/config.js";
import { parseConfig } from "../config/parse-config.js";
import { FakeClock, settle } from "../core/fake-clock.testing.js";
import { Discovery } from "./discovery.js";
import { FakeResolver } from "./fake-resolver.testing.js";
import { compareFound } from "./found-changes.js";

function makeRig() {
  const clock = new FakeClock();
  const resolver = new FakeResolver();
  const failures: string[] = [];
  const counts = { changes: 0 };
  const discovery = new Discovery({
    clock,
    resolver,
    onChange: () => counts.changes++,
    onFailure: (message) => failures.push(message),
  });
  return { clock, resolver, failures, counts, discovery };
}

function configOf(...pools: PoolInput[]): Config {
  const input: ConfigInput = { listeners: [{ address: "127.0.0.1:5000", pool: pools[0].name }], pools };
  return parseConfig(input);
}

const namesOf = ({ pools }: Config) => pools.map(({ backends }) => backends.map(({ name }) => name));

describe("Discovery", () => {
  it("adds what was found to a pool's own backends, each address once, the static one first", async () => {
    const { discovery, resolver } = makeRig();
    resolver.setAddresses("a.test", ["192.0.2.1", "192.0.2.2"]);
    resolver.setAddresses("b.test", ["192.0.2.2", "192.0.2.3"]);
    const config = configOf({
      backends: [{ name: "own", address: "192.0.2.1:7", weight: 5 }],
      discover: [{ dns: "a.test:7" }, { dns: "b.test:7" }],
    });
    await discovery.prepare(config);
    const resolved = discovery.resolve(config);
    assert.deepEqual(namesOf(resolved.config), [["own", "192.0.2.2:7", "192.0.2.3:7"]]);
    assert.deepEqual(resolved.config.pools[0].discover, config.pools[0].discover);
    assert.deepEqual(
      resolved.found.map(({ source, backends }) => [source, backends.map(({ name }) => name)]),
      [
        ["dns a.test:7", ["192.0.2.2:7"]],
        ["dns b.test:7", ["192.0.2.3:7"]],
      ],
    );
    discovery.close();
  });

  it("gives a name that is taken a number", async () => {
    const { discovery, resolver } = makeRig();
    resolver.setAddresses("a.test", ["192.0.2.1"]);
    const config = configOf({
      backends: [{ name: "192.0.2.1:7", address: "192.0.2.9:7" }],
      discover: [{ dns: "a.test:7" }],
    });
    await discovery.prepare(config);
    assert.deepEqual(namesOf(discovery.resolve(config).config), [["192.0.2.1:7", "192.0.2.1:7#2"]]);
    discovery.close();
  });

  it("takes no backend that is a listener of the pool, and no more than there is room for", async () => {
    const { discovery, resolver } = makeRig();
    resolver.setAddresses("a.test", ["127.0.0.1", "192.0.2.1", "192.0.2.2", "192.0.2.3"]);
    const config = configOf({ policy: "maglev", maglevTableSize: 3, discover: [{ dns: "a.test:5000" }] });
    await discovery.prepare(config);
    const { config: merged, problems } = discovery.resolve(config);
    assert.deepEqual(namesOf(merged), [["192.0.2.1:5000", "192.0.2.2:5000"]]);
    assert.deepEqual(problems, [
      'no room for 1 of the backends found for pool "default"',
      'not taken for pool "default": 127.0.0.1:5000 is the listener "127.0.0.1:5000" of the same pool: datagrams would go round for ever',
    ]);
    discovery.close();
  });

  it("leaves out what leads back over another pool, and counts it; what was there first stays", async () => {
    const { discovery, resolver } = makeRig();
    const listeners = [
      { address: "127.0.0.1:1", pool: "a" },
      { address: "127.0.0.2:1", pool: "b" },
    ];
    const pools = [
      { name: "a", discover: [{ dns: "a.test:1" }] },
      { name: "b", discover: [{ dns: "b.test:1" }] },
    ];
    const config = parseConfig({ listeners, pools });
    resolver.setAddresses("a.test", ["192.0.2.1"]);
    resolver.setAddresses("b.test", ["127.0.0.1", "192.0.2.2"]);
    await discovery.prepare(config);
    const first = discovery.resolve(config);
    assert.deepEqual(namesOf(first.config), [["192.0.2.1:1"], ["127.0.0.1:1", "192.0.2.2:1"]]);

    const other = makeRig();
    other.resolver.setAddresses("a.test", ["127.0.0.2", "192.0.2.1"]);
    other.resolver.setAddresses("b.test", ["127.0.0.1", "192.0.2.2"]);
    await other.discovery.prepare(config);
    const later = other.discovery.resolve(config, first.found);
    assert.deepEqual(namesOf(later.config), namesOf(first.config));
    assert.deepEqual(
      later.found.map(({ leftOut }) => leftOut),
      [1, 0],
    );
    assert.deepEqual(later.problems, [
      'not taken for pool "a": 127.0.0.2:1 is the listener "127.0.0.2:1", whose pool leads back to this one: datagrams would go round for ever',
    ]);
    assert.deepEqual(namesOf(other.discovery.resolve(config).config), [
      ["127.0.0.2:1", "192.0.2.1:1"],
      ["192.0.2.2:1"],
    ]);
    discovery.close();
    other.discovery.close();
  });

  it("leaves out what is no single server", async () => {
    const { discovery, resolver } = makeRig();
    resolver.setAddresses("a.test", ["192.0.2.1", "224.0.0.1", "255.255.255.255"]);
    const config = configOf({ discover: [{ dns: "a.test:7" }] });
    await discovery.prepare(config);
    const { config: merged, found, problems } = discovery.resolve(config);
    assert.deepEqual(namesOf(merged), [["192.0.2.1:7"]]);
    assert.equal(found[0].leftOut, 2);
    assert.deepEqual(problems, [
      'not taken for pool "default": 224.0.0.1:7 is no server: a multicast address is a group of hosts, and replies come from other addresses; 255.255.255.255:7 is no server: a broadcast address is every host of a network',
    ]);
    discovery.close();
  });

  it("takes at most 4,096 backends in all", async () => {
    const { discovery, resolver } = makeRig();
    const discover = Array.from({ length: 5 }, (_, n) => {
      resolver.setAddresses(
        `n${n}.test`,
        Array.from({ length: 1_000 }, (_, i) => `10.${n}.${i >> 8}.${i & 255}`),
      );
      return { dns: `n${n}.test:7` };
    });
    const config = configOf(
      { name: "a", backends: ["192.0.2.1:1"], discover },
      { name: "b", backends: ["192.0.2.1:1"] },
    );
    await discovery.prepare(config);
    const { config: merged, problems } = discovery.resolve(config);
    assert.deepEqual(
      merged.pools.map(({ backends }) => backends.length),
      [4_095, 1],
    );
    assert.deepEqual(problems, ['no room for 906 of the backends found for pool "a"']);
    discovery.close();
  });

  it("asks once for a name that several pools have, and shows it for each", async () => {
    const { discovery, resolver } = makeRig();
    resolver.setAddresses("a.test", ["192.0.2.1"]);
    const discover = [{ dns: "a.test:7", family: "ipv4" as const }];
    const config = configOf({ name: "a", discover }, { name: "b", discover });
    await discovery.prepare(config);
    discovery.keep(config);
    assert.deepEqual(resolver.asked, ["A a.test"]);
    assert.deepEqual(
      discovery.status().map(({ pool, source, state, backends }) => [pool, source, state, backends]),
      [
        ["a", "dns a.test:7", "ok", 1],
        ["b", "dns a.test:7", "ok", 1],
      ],
    );
    discovery.close();
  });

  it("waits at most 3 seconds for a first answer, and not at all once it is closed", async () => {
    const { clock, discovery, resolver } = makeRig();
    resolver.addresses = () => new Promise(() => {});
    const config = configOf({ discover: [{ dns: "a.test:7" }] });
    let isDone = false;
    const done = discovery.prepare(config).then(() => {
      isDone = true;
    });
    await clock.pass(2_999);
    assert.equal(isDone, false);
    await clock.pass(1);
    await done;
    assert.deepEqual(namesOf(discovery.resolve(config).config), [[]]);

    const other = discovery.prepare(configOf({ discover: [{ dns: "b.test:7" }] }));
    await settle();
    discovery.close();
    await other;
  });

  it("tells of several changes once", async () => {
    const { clock, discovery, resolver, counts } = makeRig();
    const names = ["a.test", "b.test"];
    for (const name of names) resolver.setAddresses(name, ["192.0.2.1"], 5);
    const config = configOf({ discover: names.map((name) => ({ dns: `${name}:7` })) });
    await discovery.prepare(config);
    await clock.pass(50);
    assert.equal(counts.changes, 1);
    for (const name of names) resolver.setAddresses(name, ["192.0.2.2"], 5);
    await clock.pass(5_000);
    assert.equal(counts.changes, 2);
    discovery.close();
    resolver.setAddresses("a.test", ["192.0.2.3"], 5);
    await clock.pass(100_000);
    assert.equal(counts.changes, 2);
  });

  it("keeps a source that the next config has too, and closes the others when that is in force", async () => {
    const { clock, discovery, resolver } = makeRig();
    for (const name of ["a.test", "b.test"]) resolver.setAddresses(name, ["192.0.2.1"]);
    const first = configOf({ discover: [{ dns: "a.test:7" }, { dns: "b.test:7" }] });
    await discovery.prepare(first);
    discovery.keep(first);
    const second = configOf({ discover: [{ dns: "a.test:7" }] });
    await discovery.prepare(second);
    assert.deepEqual(namesOf(discovery.resolve(first).config), [["192.0.2.1:7"]]);
    assert.equal(resolver.asked.length, 4, "nothing is asked anew");
    discovery.keep(second);
    await clock.pass(300_000);
    const later = resolver.asked.slice(4);
    assert.ok(later.includes("A a.test") && !later.includes("A b.test"));
    discovery.close();
  });

  it("keeps the last answer of a source whose settings change while its name server is gone", async () => {
    const { discovery, resolver, failures } = makeRig();
    resolver.setAddresses("a.test", ["192.0.2.1"]);
    const first = configOf({ discover: [{ dns: "a.test:7" }] });
    await discovery.prepare(first);
    discovery.keep(first);
    resolver.fail("a.test", "ETIMEOUT");
    const second = configOf({ discover: [{ dns: "a.test:7", maxInterval: "10s" }] });
    await discovery.prepare(second);
    discovery.keep(second);
    assert.deepEqual(namesOf(discovery.resolve(second).config), [["192.0.2.1:7"]]);
    assert.deepEqual(failures, [
      "dns a.test:7: no answer from the name server; its last answer stays, 1 backend",
    ]);
    discovery.close();
  });
});

describe("compareFound", () => {
  it("names what came, went and changed, by pool and source", async () => {
    const { clock, discovery, resolver } = makeRig();
    resolver.srv.set("_s.test", [{ name: "a.test", port: 1, priority: 1, weight: 1 }]);
    resolver.setAddresses("a.test", ["192.0.2.1", "192.0.2.2"], 5);
    const config = configOf({ discover: [{ srv: "_s.test" }] });
    await discovery.prepare(config);
    const before = discovery.resolve(config).found;
    assert.deepEqual(compareFound(before, discovery.resolve(config).found), []);
    resolver.srv.set("_s.test", [{ name: "a.test", port: 1, priority: 1, weight: 2 }]);
    resolver.setAddresses("a.test", ["192.0.2.2", "192.0.2.3"], 5);
    await clock.pass(5_000);
    assert.deepEqual(compareFound(before, discovery.resolve(config).found), [
      {
        pool: "default",
        source: "srv _s.test",
        added: ["192.0.2.3:1"],
        removed: ["192.0.2.1:1"],
        changed: ["192.0.2.2:1"],
      },
    ]);
    discovery.close();
  });
});

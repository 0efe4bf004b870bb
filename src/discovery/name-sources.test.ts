/** The DNS and the SRV source, with name servers and a clock that the test plays. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { DnsSourceConfig, SrvSourceConfig } from "../config/discover.js";
import { FakeClock } from "../core/fake-clock.testing.js";
import { createDnsSource } from "./dns-source.js";
import { FakeResolver } from "./fake-resolver.testing.js";
import type { Source, SourceContext } from "./source.js";
import { createSrvSource } from "./srv-source.js";

const SHARED = {
  family: "any",
  resolvers: [],
  minIntervalMs: 5_000,
  maxIntervalMs: 300_000,
  namePrefix: "",
} as const;
const DNS: DnsSourceConfig = { kind: "dns", name: "game.test", port: 7, weight: 1, backup: false, ...SHARED };
const SRV: SrvSourceConfig = { kind: "srv", name: "_sip._udp.test", ...SHARED };

function makeRig() {
  const clock = new FakeClock();
  const resolver = new FakeResolver();
  const failures: string[] = [];
  const counts = { changed: 0 };
  const context: SourceContext = {
    clock,
    resolver,
    changed: () => counts.changed++,
    failed: (reason) => failures.push(reason),
  };
  return { clock, resolver, failures, counts, context };
}

const namesOf = ({ backends }: Source) => backends.map(({ name }) => name);

describe("createDnsSource", () => {
  it("makes a backend of each address, sorted, IPv4 first", async () => {
    const { resolver, context } = makeRig();
    resolver.setAddresses("game.test", ["192.0.2.9", "192.0.2.1", "2001:db8::1"]);
    const source = createDnsSource({ ...DNS, weight: 3, backup: true, namePrefix: "g-" }, context);
    assert.equal(source.status().state, "waiting");
    await source.start();
    assert.deepEqual(
      source.backends.map(({ name, addressText, weight, state, backup }) => [
        name,
        addressText,
        weight,
        state,
        backup,
      ]),
      ["192.0.2.1:7", "192.0.2.9:7", "[2001:db8::1]:7"].map((text) => [
        `g-${text}`,
        text,
        3,
        "enabled",
        true,
      ]),
    );
    assert.equal(source.status().state, "ok");
    source.close();
  });

  it("asks for one family only when the config says so, and the name servers that it names", async () => {
    const { resolver, context } = makeRig();
    resolver.setAddresses("game.test", ["192.0.2.1", "2001:db8::1"]);
    const source = createDnsSource({ ...DNS, family: "ipv6", resolvers: ["192.0.2.53:53"] }, context);
    await source.start();
    assert.deepEqual(namesOf(source), ["[2001:db8::1]:7"]);
    assert.deepEqual(resolver.asked, ["AAAA game.test 192.0.2.53:53"]);
    source.close();
  });

  for (const [ttl, waitMs] of [
    [0, 5_000],
    [60, 60_000],
    [86_400, 300_000],
  ]) {
    it(`asks again after ${waitMs} ms when the TTL is ${ttl} s`, async () => {
      const { clock, resolver, context, counts } = makeRig();
      resolver.setAddresses("game.test", ["192.0.2.1"], ttl);
      const source = createDnsSource(DNS, context);
      await source.start();
      assert.equal(source.status().nextRefreshMs, waitMs);
      resolver.setAddresses("game.test", ["192.0.2.2"], ttl);
      await clock.pass(waitMs - 1);
      assert.deepEqual(namesOf(source), ["192.0.2.1:7"]);
      await clock.pass(1);
      assert.deepEqual(namesOf(source), ["192.0.2.2:7"]);
      assert.equal(source.status().lastChangeMs, waitMs);
      assert.equal(counts.changed, 2);
      source.close();
    });
  }

  it("does not call the same addresses in another order a change", async () => {
    const { clock, resolver, context, counts } = makeRig();
    resolver.setAddresses("game.test", ["192.0.2.1", "192.0.2.2"]);
    const source = createDnsSource(DNS, context);
    await source.start();
    resolver.setAddresses("game.test", ["192.0.2.2", "192.0.2.1"]);
    await clock.pass(600_000);
    assert.equal(counts.changed, 1);
    source.close();
  });

  for (const code of ["ETIMEOUT", "ESERVFAIL", "ENOTFOUND", "ENODATA", "EREFUSED"]) {
    it(`keeps the last answer on ${code}, says so once, and recovers`, async () => {
      const { clock, resolver, context, failures } = makeRig();
      resolver.setAddresses("game.test", ["192.0.2.1", "2001:db8::1"], 5);
      const source = createDnsSource(DNS, context);
      await source.start();
      resolver.fail("game.test", code);
      await clock.pass(100_000);
      assert.deepEqual(namesOf(source), ["192.0.2.1:7", "[2001:db8::1]:7"]);
      assert.equal(source.status().state, "failing");
      assert.equal(failures.length, 1);
      assert.equal(source.status().lastError, failures[0]);
      resolver.setAddresses("game.test", ["192.0.2.3"], 5);
      await clock.pass(30_000);
      assert.deepEqual(namesOf(source), ["192.0.2.3:7"]);
      assert.deepEqual([source.status().state, source.status().lastError], ["ok", undefined]);
      source.close();
    });
  }

  it("tries less and less often, but at least every 30 seconds", async () => {
    const { clock, resolver, context } = makeRig();
    resolver.fail("game.test", "ETIMEOUT");
    const source = createDnsSource({ ...DNS, family: "ipv4", resolvers: ["192.0.2.53:53"] }, context);
    await source.start();
    const waits: number[] = [];
    for (let i = 0; i < 5; i++) {
      const nextMs = source.status().nextRefreshMs ?? 0;
      waits.push(nextMs - clock.now());
      await clock.pass(nextMs - clock.now());
    }
    assert.deepEqual(waits, [5_000, 10_000, 20_000, 30_000, 30_000]);
    assert.equal(resolver.asked.length, 6);
    source.close();
  });

  it("keeps one family's addresses while only the other one answers", async () => {
    const { clock, resolver, context } = makeRig();
    resolver.setAddresses("game.test", ["192.0.2.1", "2001:db8::1"], 5);
    const source = createDnsSource(DNS, context);
    await source.start();
    resolver.setAddresses("game.test", ["192.0.2.2"], 5);
    resolver.names.set("game.test/6", "ETIMEOUT");
    await clock.pass(5_000);
    assert.deepEqual(namesOf(source), ["192.0.2.2:7", "[2001:db8::1]:7"]);
    assert.equal(source.status().state, "failing");
    resolver.names.set("game.test/6", "ENODATA");
    await clock.pass(30_000);
    assert.deepEqual(namesOf(source), ["192.0.2.2:7"]);
    assert.equal(source.status().state, "ok");
    source.close();
  });

  it("asks the system for a name that no name server knows, such as one in the hosts file", async () => {
    const { clock, resolver, context, failures } = makeRig();
    resolver.hosts.set("game.test/4", ["192.0.2.7"]);
    const source = createDnsSource(DNS, context);
    await source.start();
    assert.deepEqual(namesOf(source), ["192.0.2.7:7"]);
    assert.deepEqual(failures, []);
    assert.equal(source.status().nextRefreshMs, 5_000);
    resolver.setAddresses("game.test", ["192.0.2.1"], 5);
    await clock.pass(5_000);
    assert.deepEqual(namesOf(source), ["192.0.2.1:7"]);
    resolver.fail("game.test", "ENOTFOUND");
    await clock.pass(60_000);
    assert.deepEqual(namesOf(source), ["192.0.2.1:7"], "a name that DNS knew is not looked up elsewhere");
    source.close();
  });

  it("does not ask the system where the config names the name servers", async () => {
    const { resolver, context, failures } = makeRig();
    resolver.hosts.set("game.test/4", ["192.0.2.7"]);
    const source = createDnsSource({ ...DNS, resolvers: ["192.0.2.53:53"] }, context);
    await source.start();
    assert.deepEqual([namesOf(source), failures], [[], ["no such name"]]);
    source.close();
  });

  it("asks no name server for localhost (RFC 6761)", async () => {
    const { resolver, context } = makeRig();
    resolver.hosts.set("localhost/4", ["127.0.0.1"]);
    const source = createDnsSource({ ...DNS, name: "localhost" }, context);
    await source.start();
    assert.deepEqual(namesOf(source), ["127.0.0.1:7"]);
    assert.deepEqual(resolver.asked, ["lookup4 localhost", "lookup6 localhost"]);
    source.close();
  });

  it("takes no wildcard address, as name servers that block a name give", async () => {
    const { resolver, context, failures } = makeRig();
    resolver.setAddresses("game.test", ["0.0.0.0"]);
    const source = createDnsSource(DNS, context);
    await source.start();
    assert.deepEqual(
      [namesOf(source), failures],
      [[], ["the address is a wildcard, which stands for no server"]],
    );
    source.close();
  });

  it("takes the first 1,000 addresses and says so", async () => {
    const { resolver, context, failures } = makeRig();
    const addresses = Array.from({ length: 1_200 }, (_, i) => `10.0.${i >> 8}.${i & 255}`);
    resolver.setAddresses("game.test", addresses);
    const source = createDnsSource(DNS, context);
    await source.start();
    assert.equal(source.backends.length, 1_000);
    assert.deepEqual(failures, ["found 1200 backends, takes the first 1000"]);
    source.close();
  });

  it("asks no more once it is closed, and forgets an answer that comes then", async () => {
    const { clock, resolver, context, counts } = makeRig();
    resolver.setAddresses("game.test", ["192.0.2.1"]);
    const source = createDnsSource(DNS, context);
    const started = source.start();
    source.close();
    await started;
    assert.deepEqual([namesOf(source), counts.changed, clock.pending], [[], 0, 0]);
  });
});

describe("createSrvSource", () => {
  const record = (name: string, priority: number, weight: number, port = 5060) => ({
    name,
    port,
    priority,
    weight,
  });
  const figuresOf = ({ backends }: Source) =>
    backends.map(({ name, weight, backup }) => [name, weight, backup]);

  it("takes weights from the records, and makes backups of all but the lowest priority value", async () => {
    const { resolver, context } = makeRig();
    resolver.srv.set(SRV.name, [
      record("c.test", 20, 9),
      record("a.test", 10, 60),
      record("b.test", 10, 0, 5070),
    ]);
    resolver.setAddresses("a.test", ["192.0.2.1"], 30);
    resolver.setAddresses("b.test", ["192.0.2.2", "2001:db8::2"]);
    resolver.setAddresses("c.test", ["192.0.2.3"]);
    const source = createSrvSource(SRV, context);
    await source.start();
    assert.deepEqual(figuresOf(source), [
      ["192.0.2.1:5060", 60, false],
      ["192.0.2.2:5070", 1, false],
      ["[2001:db8::2]:5070", 1, false],
      ["192.0.2.3:5060", 9, true],
    ]);
    assert.equal(source.status().nextRefreshMs, 30_000);
    source.close();
  });

  it("keeps the addresses of a target that cannot be resolved any more, as long as a record names it", async () => {
    const { clock, resolver, context, failures } = makeRig();
    resolver.srv.set(SRV.name, [record("a.test", 10, 1), record("b.test", 10, 1)]);
    for (const [i, name] of ["a.test", "b.test"].entries())
      resolver.setAddresses(name, [`192.0.2.${i + 1}`], 5);
    const source = createSrvSource(SRV, context);
    await source.start();
    resolver.fail("b.test", "ESERVFAIL");
    await clock.pass(5_000);
    assert.deepEqual(namesOf(source), ["192.0.2.1:5060", "192.0.2.2:5060"]);
    assert.deepEqual(failures, ["b.test: the name server failed (SERVFAIL)"]);
    resolver.srv.set(SRV.name, [record("a.test", 10, 1)]);
    await clock.pass(60_000);
    assert.deepEqual(namesOf(source), ["192.0.2.1:5060"]);
    assert.equal(source.status().state, "ok");
    source.close();
  });

  it("takes the next priority where no target of the lowest has ever had an address", async () => {
    const { resolver, context } = makeRig();
    resolver.srv.set(SRV.name, [record("a.test", 10, 1), record("b.test", 20, 1)]);
    resolver.setAddresses("b.test", ["192.0.2.2"]);
    const source = createSrvSource(SRV, context);
    await source.start();
    assert.deepEqual(figuresOf(source), [["192.0.2.2:5060", 1, false]]);
    assert.equal(source.status().state, "failing");
    source.close();
  });

  it("has each address once, where its priority value is lowest", async () => {
    const { resolver, context } = makeRig();
    resolver.srv.set(SRV.name, [record("b.test", 20, 7), record("a.test", 10, 2), record("b.test", 10, 5)]);
    for (const name of ["a.test", "b.test"]) resolver.setAddresses(name, ["192.0.2.1"]);
    const source = createSrvSource(SRV, context);
    await source.start();
    assert.deepEqual(figuresOf(source), [["192.0.2.1:5060", 5, false]]);
    source.close();
  });

  it("keeps the last answer when the records are gone, or say that there is no such service", async () => {
    const { clock, resolver, context, failures } = makeRig();
    resolver.srv.set(SRV.name, [record("a.test", 10, 1)]);
    resolver.setAddresses("a.test", ["192.0.2.1"], 5);
    const source = createSrvSource(SRV, context);
    await source.start();
    resolver.srv.set(SRV.name, "ENOTFOUND");
    await clock.pass(5_000);
    resolver.srv.set(SRV.name, [record("", 0, 0, 0)]);
    await clock.pass(60_000);
    assert.deepEqual(namesOf(source), ["192.0.2.1:5060"]);
    assert.deepEqual(failures, ["no such name", "the domain says that it has no such service"]);
    source.close();
  });
});

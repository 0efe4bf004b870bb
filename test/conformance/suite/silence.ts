/** A backend that goes silent while others answer, and what becomes of its flows; how single requests try it. */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import type { BackendStateChange } from "#src/api.js";
import type { ConfigInput } from "#src/config/config.js";
import { type Backend, openBackend, tag, tagOf } from "../../support/backends.js";
import { proves } from "../../support/proves.js";
import { type Datagram, UdpPeer } from "../../support/udp-peer.js";
import { eventually } from "../../support/waiting.js";
import { addressOf, type PlaneUnderTest, SIDE_BY_SIDE, startBalancer } from "./plane-under-test.js";

type Pool = Partial<ConfigInput["pools"][number]>;

const ASK_EVERY_MS = 10;

/** Backends with these names that can be silenced; what a frozen one gets it answers when it goes on. */
class Servers {
  readonly all: Backend[] = [];
  readonly #silent = new Set<string>();
  readonly #frozen: [Backend, Datagram][] = [];
  #freezes = false;

  static async open(t: TestContext, ...names: string[]): Promise<Servers> {
    const servers = new Servers();
    const answer = (backend: Backend, datagram: Datagram) => servers.#answer(backend, datagram);
    for (const name of names) servers.all.push(await openBackend(t, name, { answer }));
    return servers;
  }

  get entries(): Backend["entry"][] {
    return this.all.map(({ entry }) => entry);
  }

  silence(name: string): void {
    this.#silent.add(name);
  }

  freeze(name: string): void {
    this.#freezes = true;
    this.#silent.add(name);
  }

  /** It answers again, and first what it had in its queue when it was frozen. */
  thaw(name: string): void {
    this.#silent.delete(name);
    this.#freezes = false;
    for (const [backend, datagram] of this.#frozen.splice(0)) tag(backend, datagram);
  }

  #answer(backend: Backend, datagram: Datagram): void {
    if (!this.#silent.has(backend.name)) tag(backend, datagram);
    else if (this.#freezes) this.#frozen.push([backend, datagram]);
  }
}

/** A client that asks again and again, each time something else. */
class Asker {
  readonly peer: UdpPeer;
  sent = 0;
  /** What was answered → by whom. */
  readonly answers = new Map<string, string>();
  readonly doubled: string[] = [];

  private constructor(peer: UdpPeer) {
    this.peer = peer;
  }

  static async open(t: TestContext, to: string): Promise<Asker> {
    const asker = new Asker(await UdpPeer.open(t));
    asker.peer.serve((datagram) => {
      const text = datagram.text.slice(datagram.text.indexOf(":") + 1);
      if (asker.answers.has(text)) asker.doubled.push(text);
      asker.answers.set(text, tagOf(datagram));
    });
    const asking = setInterval(() => asker.peer.isOpen && asker.ask(to), ASK_EVERY_MS);
    t.after(() => clearInterval(asking));
    return asker;
  }

  ask(to: string): void {
    this.peer.send(`${this.peer.port}-${++this.sent}`, to);
  }

  /** Who answered last. */
  get home(): string | undefined {
    return [...this.answers.values()].at(-1);
  }
}

async function openRig(
  t: TestContext,
  plane: PlaneUnderTest,
  pool: Pool,
  clients: number,
  ...names: string[]
) {
  const servers = await Servers.open(t, ...names);
  const balancer = await startBalancer(t, plane, {
    listeners: [{ name: "main", address: "127.0.0.1:0" }],
    pools: [{ backends: servers.entries, ...pool }],
  });
  const changes: BackendStateChange[] = [];
  balancer.on("backend", (change) => changes.push(change));
  const askers = await Promise.all(Array.from({ length: clients }, () => Asker.open(t, addressOf(balancer))));
  const healthOf = (name: string) => balancer.stats().backends.find((one) => one.name === name)?.health;
  // Long enough for the detector to know what is usual.
  await eventually(() => {
    for (const { replies } of balancer.stats().backends) assert.ok(replies.datagrams > 200);
  });
  return { servers, balancer, changes, askers, healthOf };
}

export function defineSilence(plane: PlaneUnderTest): void {
  describe("a backend that goes silent", SIDE_BY_SIDE, () => {
    test("is taken out, tried by one request at a time that others answer, and back when it answers", async (t) => {
      proves("both", "silent");
      const pool: Pool = { failover: { unanswered: "resend" } };
      const rig = await openRig(t, plane, pool, 2, "a", "b", "c");
      const { servers, changes, askers, healthOf } = rig;
      const c = servers.all[2];
      /** Of each time that it was half-open: what it was tried with. */
      const trials: string[][] = [];
      let sentBefore: number[] = [];
      let seen = 0;
      rig.balancer.on("backend", ({ backend, health }) => {
        if (backend !== "c") return;
        if (health === "half-open") {
          seen = c.got.length;
          sentBefore = askers.map(({ sent }) => sent);
        } else if (sentBefore.length > 0) {
          const isNew = (text: string) =>
            askers.some(
              ({ peer }, i) => text.startsWith(`${peer.port}-`) && Number(text.split("-")[1]) > sentBefore[i],
            );
          trials.push(
            c.got
              .slice(seen)
              .map(({ text }) => text)
              .filter(isNew),
          );
        }
      });
      servers.silence("c");
      await eventually(() => assert.equal(healthOf("c"), "ejected"));
      assert.equal(changes.findLast(({ backend }) => backend === "c")?.reason, "silent while others answer");
      // Trials fail, and what they were made with is answered by others.
      await eventually(() => {
        const tried = trials.flat();
        assert.ok(tried.some((text) => askers.some(({ answers }) => /^[ab]$/.test(answers.get(text) ?? ""))));
      });
      servers.thaw("c");
      await eventually(() => assert.equal(healthOf("c"), "up"));
      assert.ok(
        trials.every((texts) => texts.length <= 1),
        JSON.stringify(trials),
      );
      assert.match(changes.findLast(({ backend }) => backend === "c")?.reason ?? "", /^answered/);
      for (const { doubled } of askers) assert.deepEqual(doubled, []);
    });

    test("keep: a server that froze has its clients afterwards, new ones go elsewhere meanwhile", async (t) => {
      proves("both", "silent");
      const pool: Pool = { affinity: "client", policy: "least-flows" };
      const { servers, balancer, changes, askers, healthOf } = await openRig(t, plane, pool, 12, "a", "b");
      const before = askers.map(({ home }) => home);
      assert.ok(before.filter((home) => home === "b").length >= 5);
      servers.freeze("b");
      await eventually(() => assert.equal(healthOf("b"), "ejected"));
      const got = servers.all[1].got.length;
      const late = await UdpPeer.open(t);
      await eventually(async () => assert.equal(tagOf(await late.ask("?", addressOf(balancer))), "a"));
      await eventually(() => assert.ok(servers.all[1].got.length > got + 100));
      assert.equal(balancer.stats().flows.moved, 0);
      servers.thaw("b");
      await eventually(() => assert.equal(healthOf("b"), "up"));
      assert.match(changes.findLast(({ backend }) => backend === "b")?.reason ?? "", /^answered/);
      const sent = askers.map((asker) => asker.sent);
      await eventually(() => {
        for (const [i, { peer, answers }] of askers.entries())
          assert.equal(answers.get(`${peer.port}-${sent[i] + 1}`), before[i]);
      });
      assert.equal(balancer.stats().flows.moved, 0);
    });

    test("move: its flows move as well", async (t) => {
      proves("both", "silent");
      const pool: Pool = { affinity: "client", policy: "least-flows", passive: { silence: "move" } };
      const { servers, balancer, askers, healthOf } = await openRig(t, plane, pool, 12, "a", "b");
      servers.silence("b");
      await eventually(() => assert.match(healthOf("b") ?? "", /^(ejected|half-open)$/));
      await eventually(() => assert.equal(balancer.stats().flows.moved, 6));
      const sent = askers.map((asker) => asker.sent);
      await eventually(() => {
        for (const [i, { peer, answers }] of askers.entries())
          assert.equal(answers.get(`${peer.port}-${sent[i] + 1}`), "a");
      });
    });

    test("off: nothing follows from it", async (t) => {
      const pool: Pool = { passive: { silence: "off" } };
      const { servers, balancer, healthOf } = await openRig(t, plane, pool, 1, "a", "b");
      servers.silence("b");
      const got = servers.all[1].got.length;
      await eventually(() => assert.ok(servers.all[1].got.length > got + 300));
      assert.equal(healthOf("b"), "up");
      assert.equal(balancer.stats().backends[1].share, 1);
    });
  });

  describe("a session that becomes one-way", SIDE_BY_SIDE, () => {
    test("stays with its server, which is well, whatever others answer", async (t) => {
      proves("both", "silent");
      const pool: Pool = { affinity: "client", policy: "least-flows", passive: { silence: "move" } };
      const { servers, balancer, askers, healthOf } = await openRig(t, plane, pool, 2, "a", "b");
      assert.deepEqual(askers.map(({ home }) => home).sort(), ["a", "b"]);
      servers.silence("b");
      const got = servers.all[1].got.length;
      await eventually(() => assert.ok(servers.all[1].got.length > got + 300));
      assert.equal(healthOf("b"), "up");
      assert.equal(balancer.stats().flows.moved, 0);
    });
  });
}

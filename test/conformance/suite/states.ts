/** Health states: `up` only on evidence, out only for as long as the evidence says so, and readiness that follows from them. */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import type { BackendStateChange, Balancer } from "#src/api.js";
import { type Backend, openBackend, openBackends, silent, tag, tagOf } from "../../support/backends.js";
import { UdpPeer } from "../../support/udp-peer.js";
import { eventually } from "../../support/waiting.js";
import { addressOf, type PlaneUnderTest, SIDE_BY_SIDE, startBalancer } from "./plane-under-test.js";

/** Probes that fail so often in a row only where nobody listens for long. */
const PATIENT_PROBE = {
  probe: "ping",
  interval: "100ms",
  fastInterval: "100ms",
  timeout: "50ms",
  rise: 2,
  fall: 100,
} as const;
/** Probes that come once, and then only when somebody asks for them. */
const RARE_PROBE = {
  ...{ ...PATIENT_PROBE, interval: "1h", fastInterval: "1h", rise: 1, jitter: 0 },
  // A machine that is too busy to answer is no reason to fail, and there is no second try.
  timeout: "50s",
} as const;
const REFUSED = "refused: ICMP port unreachable";

export function defineStates(plane: PlaneUnderTest): void {
  describe("health states", SIDE_BY_SIDE, () => {
    test("a dead backend that is alone is failing, and the balancer not ready, until it answers again", async (t) => {
      const [a] = await openBackends(t, "a");
      const config = { listen: "127.0.0.1:0", affinity: "client", backends: [a.entry] };
      const balancer = await startBalancer(t, plane, config);
      assert.deepEqual([statesOf(balancer), balancer.stats().ready.isReady], ["untried", true]);
      const client = await UdpPeer.open(t);
      await client.ask("?", addressOf(balancer));
      await eventually(() => assert.equal(statesOf(balancer), "up"));
      a.peer.close();
      await sendUntil(balancer, client, () => assert.equal(statesOf(balancer), "failing"));
      const { refused } = balancer.stats().backends[0];
      await sendUntil(balancer, client, () => assert.ok(balancer.stats().backends[0].refused > refused + 5));
      assert.equal(statesOf(balancer), "failing");
      assert.deepEqual(balancer.stats().ready, {
        isReady: false,
        awaiting: [`pool default: no backend is up: a is failing (${REFUSED})`],
      });
      await back(t, a);
      await sendUntil(balancer, client, () => assert.equal(statesOf(balancer), "up"));
      assert.deepEqual(balancer.stats().ready, { isReady: true, awaiting: [] });
    });

    test("two dead backends: one stays in, one is tried again and again, none is up", async (t) => {
      const backends = await openBackends(t, "a", "b");
      const balancer = await startBalancer(t, plane, {
        listen: "127.0.0.1:0",
        backends: backends.map(({ entry }) => entry),
      });
      const client = await UdpPeer.open(t);
      for (const { peer } of backends) peer.close();
      await sendUntil(balancer, client, () =>
        assert.match(statesOf(balancer), /^(ejected failing|failing ejected)$/),
      );
      const changes: BackendStateChange[] = [];
      balancer.on("backend", (change) => changes.push(change));
      await sendUntil(balancer, client, () => {
        const tries = changes.filter(({ health }) => health === "half-open").length;
        const failures = changes.filter(({ health }) => health === "ejected").length;
        assert.ok(tries > 0 && failures > 0, `${tries} ${failures}`);
      });
      assert.ok(
        changes.every(({ health }) => health !== "up" && health !== "untried"),
        JSON.stringify(changes),
      );
      const { isReady, awaiting } = balancer.stats().ready;
      assert.equal(isReady, false);
      assert.match(
        awaiting[0],
        /^pool default: no backend is up: a is (failing|ejected|half-open) \(.+\), b is (failing|ejected|half-open) \(.+\)$/,
      );
      await back(t, backends[0]);
      await sendUntil(balancer, client, () => assert.equal(balancer.stats().backends[0].health, "up"));
      assert.equal(balancer.stats().ready.isReady, true);
    });

    test("with probes, an outage shorter than `fall` of them ends with the next `rise`", async (t) => {
      const [a, b] = await Promise.all(["a", "b"].map((name) => openProbed(t, name)));
      const balancer = await startBalancer(t, plane, {
        listen: "127.0.0.1:0",
        backends: [a.entry, b.entry],
        health: PATIENT_PROBE,
      });
      const client = await UdpPeer.open(t);
      await eventually(() => assert.equal(statesOf(balancer), "up up"));
      a.peer.close();
      await sendUntil(balancer, client, () => assert.equal(statesOf(balancer), "ejected up"));
      await openProbed(t, "a", a.peer);
      await eventually(() => assert.equal(statesOf(balancer), "up up"));
      await reaches(t, balancer, "a", "b");
    });

    test("with a udp probe for which silence is a success as well", async (t) => {
      const answer = (backend: Backend, datagram: Parameters<typeof tag>[1]) =>
        datagram.text !== "" && tag(backend, datagram);
      const [a, b] = await Promise.all(["a", "b"].map((name) => openBackend(t, name, { answer })));
      const balancer = await startBalancer(t, plane, {
        listen: "127.0.0.1:0",
        backends: [a.entry, b.entry],
        health: { ...PATIENT_PROBE, probe: "udp" },
      });
      const client = await UdpPeer.open(t);
      await eventually(() => assert.equal(statesOf(balancer), "up up"));
      a.peer.close();
      await sendUntil(balancer, client, () => assert.equal(statesOf(balancer), "ejected up"));
      await openBackend(t, "a", { ip: a.peer.ip, port: a.peer.port, answer });
      await eventually(() => assert.equal(statesOf(balancer), "up up"));
      await reaches(t, balancer, "a", "b");
    });

    test("a rolling restart of four probed backends leaves none out", async (t) => {
      const names = ["a", "b", "c", "d"];
      const backends = await Promise.all(names.map((name) => openProbed(t, name)));
      const balancer = await startBalancer(t, plane, {
        listen: "127.0.0.1:0",
        backends: backends.map(({ entry }) => entry),
        health: PATIENT_PROBE,
      });
      const client = await UdpPeer.open(t);
      await eventually(() => assert.equal(statesOf(balancer), "up up up up"));
      for (const [at, { name, peer }] of backends.entries()) {
        peer.close();
        await sendUntil(balancer, client, () =>
          assert.equal(balancer.stats().backends[at].health, "ejected"),
        );
        await openProbed(t, name, peer);
        // The next one does not wait for this one: a rolling restart does not either.
      }
      await eventually(() => assert.equal(statesOf(balancer), "up up up up"));
      await reaches(t, balancer, ...names);
    });

    test("probes that fail `fall` times take an ejected backend down, and `rise` bring it up", async (t) => {
      const [a, b] = await Promise.all(["a", "b"].map((name) => openProbed(t, name)));
      const balancer = await startBalancer(t, plane, {
        listen: "127.0.0.1:0",
        backends: [a.entry, b.entry],
        health: { ...PATIENT_PROBE, fall: 2 },
      });
      const client = await UdpPeer.open(t);
      await eventually(() => assert.equal(statesOf(balancer), "up up"));
      a.peer.close();
      await sendUntil(balancer, client, () => assert.equal(statesOf(balancer), "down up"));
      await openProbed(t, "a", a.peer);
      await eventually(() => assert.equal(statesOf(balancer), "up up"));
      await reaches(t, balancer, "a", "b");
    });

    for (const how of ["a reload", "enable"]) {
      test(`${how} has a backend that is out probed at once`, async (t) => {
        const [a, b] = await Promise.all(["a", "b"].map((name) => openProbed(t, name)));
        const config = { listen: "127.0.0.1:0", backends: [a.entry, b.entry], health: RARE_PROBE };
        const balancer = await startBalancer(t, plane, config);
        const client = await UdpPeer.open(t);
        await eventually(() => assert.equal(balancer.stats().backends[0].probes?.ok, 1));
        a.peer.close();
        await sendUntil(balancer, client, () => assert.equal(balancer.stats().backends[0].health, "ejected"));
        // The probe that follows an ejection at once.
        await eventually(() => assert.ok((balancer.stats().backends[0].probes?.failed ?? 0) >= 1));
        await openProbed(t, "a", a.peer);
        if (how === "enable") balancer.backends.enable("a");
        else await balancer.reload({ ...config, plane: plane.name, workers: plane.workers });
        await eventually(() => assert.equal(balancer.stats().backends[0].health, "up"));
        await reaches(t, balancer, "a", "b");
      });
    }

    test("a config without `health` frees what probes had taken down", async (t) => {
      const [a, b] = await openBackends(t, "a", "b");
      const config = { listen: "127.0.0.1:0", backends: [a.entry, b.entry] };
      // They answer everything but probes.
      const health = { ...PATIENT_PROBE, fall: 1 };
      const balancer = await startBalancer(t, plane, { ...config, health });
      await eventually(() => assert.equal(statesOf(balancer), "failing failing"));
      await balancer.reload({ ...config, plane: plane.name, workers: plane.workers });
      await eventually(() => assert.equal(statesOf(balancer), "untried untried"));
      await reaches(t, balancer, "a", "b");
      await eventually(() => assert.equal(statesOf(balancer), "up up"));
      assert.equal(balancer.stats().ready.isReady, true);
    });

    test("one-way traffic: untried and ready; after a refusal it is again once nothing is refused", async (t) => {
      const sink = await openBackend(t, "sink", { answer: silent });
      const balancer = await startBalancer(t, plane, {
        listen: "127.0.0.1:0",
        affinity: "client",
        backends: [sink.entry],
      });
      const client = await UdpPeer.open(t);
      await sendUntil(balancer, client, () => assert.ok(sink.got.length > 3));
      assert.deepEqual([statesOf(balancer), balancer.stats().ready.isReady], ["untried", true]);
      sink.peer.close();
      await sendUntil(balancer, client, () => assert.equal(statesOf(balancer), "failing"));
      assert.equal(balancer.stats().ready.isReady, false);
      await openBackend(t, "sink", { ip: sink.peer.ip, port: sink.peer.port, answer: silent });
      await sendUntil(balancer, client, () => assert.equal(statesOf(balancer), "untried"));
      assert.equal(balancer.stats().ready.isReady, true);
    });
  });
}

/** By their names' order, with spaces. */
function statesOf(balancer: Balancer): string {
  return balancer
    .stats()
    .backends.map(({ health }) => health)
    .join(" ");
}

/** Sends, and waits for nothing but what is asked for. */
function sendUntil(balancer: Balancer, client: UdpPeer, check: () => void): Promise<void> {
  return eventually(() => {
    client.send("?", addressOf(balancer));
    check();
  });
}

/** With affinity none, every backend gets its turn. */
async function reaches(t: TestContext, balancer: Balancer, ...names: string[]): Promise<void> {
  const client = await UdpPeer.open(t);
  const seen = new Set<string>();
  await eventually(async () => {
    seen.add(tagOf(await client.ask("?", addressOf(balancer))));
    assert.deepEqual([...seen].sort(), names);
  });
}

/** It answers the probe `ping` as well. */
function openProbed(
  t: TestContext,
  name: string,
  at: { readonly ip?: string; readonly port?: number } = {},
): Promise<Backend> {
  const answer = (backend: Backend, datagram: Parameters<typeof tag>[1]) => {
    if (datagram.text.startsWith("PING ")) backend.peer.send(datagram.text.toUpperCase(), datagram.from);
    else tag(backend, datagram);
  };
  const { ip, port } = at;
  return openBackend(t, name, {
    answer,
    ...(ip !== undefined && { ip }),
    ...(port !== undefined && { port }),
  });
}

function back(t: TestContext, { name, peer }: Backend): Promise<Backend> {
  return openBackend(t, name, { ip: peer.ip, port: peer.port });
}

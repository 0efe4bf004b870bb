/** Copies of datagrams: each that matches once, with its direction and payload, and no other; slow readers; limits. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Tap, TappedDatagram } from "#src/api.js";
import { tagOf } from "../../support/backends.js";
import { addressOf, type PlaneUnderTest, startBalancer, worldOf } from "./plane-under-test.js";

const textOf = ({ payload }: TappedDatagram) => Buffer.from(payload).toString();

/** Reads a tap to its end. */
async function readAll(tap: Tap): Promise<TappedDatagram[]> {
  const all: TappedDatagram[] = [];
  for await (const datagram of tap) all.push(datagram);
  return all;
}

export function defineTaps(plane: PlaneUnderTest): void {
  const { openPeer, openBackends, eventually, until } = worldOf(plane);

  describe("taps", () => {
    test("see each datagram of a client once, as the client does, and nobody else's", async (t) => {
      const backends = await openBackends(t, "a", "b");
      const balancer = await startBalancer(t, plane, {
        listen: "127.0.0.1:0",
        backends: backends.map(({ entry }) => entry),
      });
      const to = addressOf(balancer);
      const [client, other] = [await openPeer(t), await openPeer(t)];
      const aborter = new AbortController();
      const tap = balancer.tap({ client: client.address }, aborter.signal);
      await tap.opened;
      const tags: string[] = [];
      for (let i = 0; i < 20; i++) {
        tags.push(tagOf(await client.ask(`request ${i}`, to)));
        await other.ask("not mine", to);
      }
      await client.ask("", to);
      const reading = readAll(tap);
      aborter.abort();
      const seen = await until(reading);
      assert.equal(seen.length, 42);
      const requests = seen.filter(({ direction }) => direction === "request");
      const replies = seen.filter(({ direction }) => direction === "reply");
      const sent = [...Array(20).keys()].map((i) => `request ${i}`);
      assert.deepEqual(requests.map(textOf), [...sent, ""]);
      assert.deepEqual(
        replies.slice(0, 20).map(textOf),
        sent.map((text, i) => `${tags[i]}:${text}`),
      );
      for (const { atMs, length, payload, missed, backend, ...rest } of seen) {
        const { direction, ...place } = rest;
        assert.deepEqual(place, { client: client.address, local: to, listener: balancer.listeners[0].name });
        assert.deepEqual([missed, length], [0, payload.length], direction);
        assert.ok(Number.isFinite(atMs) && atMs > 1.6e12, `${atMs}`);
      }
      assert.deepEqual(
        requests.slice(0, 20).map(({ backend }) => backend),
        tags,
      );
      assert.deepEqual(
        replies.slice(0, 20).map(({ backend }) => backend),
        tags,
      );
    });

    test("filter by flow and by listener, cut payloads, and end by themselves", async (t) => {
      const backends = await openBackends(t, "a");
      const balancer = await startBalancer(t, plane, {
        listeners: [
          { name: "one", address: "127.0.0.1:0" },
          { name: "two", address: "127.0.0.1:0" },
        ],
        pools: [{ affinity: "client", backends: backends.map(({ entry }) => entry) }],
      });
      const client = await openPeer(t);
      const ask = (listener: string) => client.ask("123456789", addressOf(balancer, listener));
      for (const listener of ["one", "two"]) await ask(listener);
      const [{ id }] = balancer.flows({ listener: "one" });
      const taps = [
        { flow: id, maxDatagrams: 4 },
        { listener: "two", client: "127.0.0.1", snapBytes: 3, maxDatagrams: 2 },
        { client: "127.0.0.1", snapBytes: 0, maxDatagrams: 8 },
      ].map((options) => balancer.tap(options));
      await Promise.all(taps.map(({ opened }) => opened));
      for (const listener of ["one", "two", "one", "two"]) await ask(listener);
      const seen = await until(Promise.all(taps.map(readAll)));
      const short = seen.map((all) => all.map((one) => [one.listener, textOf(one), one.length]));
      const turn = [
        ["one", "123456789", 9],
        ["one", "a:123456789", 11],
      ];
      assert.deepEqual(short[0], [...turn, ...turn]);
      assert.deepEqual(short[1], [
        ["two", "123", 9],
        ["two", "a:1", 11],
      ]);
      assert.deepEqual(short[2].map(([listener, text]) => [listener, text]).sort(), [
        ...Array(4).fill(["one", ""]),
        ...Array(4).fill(["two", ""]),
      ]);
      await balancer.endFlow(id);
      await ask("one");
    });

    test("a slow reader misses some, and is told how many", async (t) => {
      const backends = await openBackends(t, "a");
      const balancer = await startBalancer(t, plane, {
        listen: "127.0.0.1:0",
        affinity: "client",
        backends: backends.map(({ entry }) => entry),
      });
      const client = await openPeer(t);
      const aborter = new AbortController();
      const tap = balancer.tap({ client: client.address, maxDatagrams: 1_000_000 }, aborter.signal);
      await tap.opened;
      const payload = "x".repeat(40_000);
      let total = 0;
      for (; total < 300; total += 2) await client.ask(payload, addressOf(balancer));
      const iterator = tap[Symbol.asyncIterator]();
      const next = () => until(iterator.next());
      const first = await next();
      assert.equal(first.value.missed, 0);
      // Room again: the next copy tells what was missed.
      for (let i = 0; i < 20; i++) await next();
      await client.ask("last", addressOf(balancer));
      aborter.abort();
      const rest: TappedDatagram[] = [];
      for (let one = await next(); !one.done; one = await next()) rest.push(one.value);
      const missed = rest.reduce((sum, one) => sum + one.missed, 0);
      assert.ok(missed > 20, `${missed}`);
      assert.equal(1 + 20 + rest.length + missed, total + 2);
      assert.equal(textOf(rest.at(-1) as TappedDatagram), "a:last");
    });

    test("four at once; one that ends makes room; each is an event", async (t) => {
      const [{ entry }] = await openBackends(t, "a");
      const balancer = await startBalancer(t, plane, { listen: "127.0.0.1:0", backends: [entry] });
      const actions: string[] = [];
      balancer.on("operator", ({ action, target, by, detail }) =>
        actions.push([action, target, by, detail].join("; ")),
      );
      const client = "192.0.2.1:53";
      const taps = [1, 2, 3, 4].map((i) =>
        balancer.tap({ client, maxDatagrams: i }, undefined, { by: "token", from: "192.0.2.9" }),
      );
      assert.throws(() => balancer.tap({ client }), { code: "TAP_LIMIT" });
      assert.equal(actions.length, 4);
      assert.equal(actions[1], `tap; client ${client}; token; at most 2 datagrams`);
      await taps[2][Symbol.asyncIterator]().return?.();
      await eventually(() => balancer.tap({ client }));
      const signal = AbortSignal.abort();
      assert.throws(() => balancer.tap({ client }, signal), { code: "TAP_LIMIT" });
      for (const options of [
        {},
        { client: "x" },
        { flow: "x" },
        { client, snapBytes: -1 },
        { client, maxDatagrams: 0 },
      ])
        assert.throws(() => balancer.tap(options), { code: "ARGUMENT_INVALID" });
      assert.throws(() => balancer.tap({ listener: "nobody" }), { code: "LISTENER_UNKNOWN" });
      const reading = readAll(taps[0]);
      await balancer.close({ graceMs: 0 });
      assert.deepEqual(await until(reading), []);
      assert.throws(() => balancer.tap({ client }), { code: "CLOSED" });
    });

    test("on a wildcard listener they tell the address that the client wrote to", async (t) => {
      const [{ entry }] = await openBackends(t, "a");
      const balancer = await startBalancer(t, plane, { listen: "0.0.0.0:0", backends: [entry] });
      const client = await openPeer(t);
      const to = `127.0.0.1:${addressOf(balancer).split(":").at(-1)}`;
      const tap = balancer.tap({ listener: balancer.listeners[0].name, maxDatagrams: 2 });
      await tap.opened;
      await client.ask("?", to);
      const seen = await until(readAll(tap));
      assert.deepEqual(
        seen.map(({ local }) => local),
        [to, to],
      );
    });
  });
}

/** IPv4 and IPv6 on either side, dual-stack listeners, and where replies to a wildcard listener's clients come from. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { describe, test } from "node:test";
import { tagOf } from "../../support/backends.js";
import { addressOf, type PlaneUnderTest, sideBySide, startBalancer, worldOf } from "./plane-under-test.js";

const [FOUR, SIX] = ["127.0.0.1", "::1"];
const bracketed = (ip: string, port: number) => (ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`);
const portOf = (address: string) => Number(address.slice(address.lastIndexOf(":") + 1));

/** Whether this machine has an IPv6 loopback. */
async function whyNoIpv6(): Promise<string | false> {
  const probe = createSocket("udp6");
  try {
    probe.bind(0, SIX);
    await once(probe, "listening");
    return false;
  } catch (error) {
    return `no ::1 on this machine: ${(error as Error).message}`;
  } finally {
    probe.close();
  }
}

const skip = await whyNoIpv6();

export function defineFamilies(plane: PlaneUnderTest): void {
  const { openPeer, openBackend, eventually } = worldOf(plane);

  describe("families", sideBySide(plane), () => {
    for (const [from, to] of [
      [FOUR, SIX],
      [SIX, FOUR],
      [SIX, SIX],
    ]) {
      test(`client on ${from}, backend on ${to}`, { skip }, async (t) => {
        const backend = await openBackend(t, "a", { ip: to });
        const listen = bracketed(from, 0);
        const balancer = await startBalancer(t, plane, {
          listen,
          affinity: "client",
          backends: [backend.entry],
        });
        const clients = await Promise.all(Array.from({ length: 3 }, () => openPeer(t, { ip: from })));
        const replies = await Promise.all(
          clients.map((client, i) => client.ask(`${i}`, addressOf(balancer))),
        );
        for (const [i, { text, from: source }] of replies.entries()) {
          assert.deepEqual([text, source], [`a:${i}`, addressOf(balancer)]);
        }
        assert.deepEqual(
          balancer
            .flows()
            .map(({ client }) => client)
            .sort(),
          clients.map(({ address }) => address).sort(),
        );
      });
    }

    test("backends of both families take turns", { skip }, async (t) => {
      const [a, b] = [await openBackend(t, "a"), await openBackend(t, "b", { ip: SIX })];
      const balancer = await startBalancer(t, plane, { listen: "127.0.0.1:0", backends: [a.entry, b.entry] });
      const client = await openPeer(t);
      let order = "";
      for (let i = 0; i < 6; i++) order += tagOf(await client.ask("?", addressOf(balancer)));
      assert.equal(order, "ababab");
    });

    test("[::] is reached by both families, and is told apart", { skip }, async (t) => {
      const backend = await openBackend(t, "a");
      const balancer = await startBalancer(t, plane, { listen: "[::]:0", backends: [backend.entry] });
      const port = portOf(addressOf(balancer));
      for (const ip of [FOUR, SIX]) {
        const client = await openPeer(t, { ip });
        const reply = await client.ask("?", bracketed(ip, port));
        assert.deepEqual([reply.text, reply.from], ["a:?", bracketed(ip, port)]);
        assert.ok(balancer.flows().some((flow) => flow.client === client.address));
      }
    });

    test("[::] with ipv6Only leaves IPv4 to another listener on the same port", { skip }, async (t) => {
      const [four, six] = [await openBackend(t, "four"), await openBackend(t, "six")];
      const first = await startBalancer(t, plane, {
        listeners: [{ address: "[::]:0", ipv6Only: true }],
        pools: [{ backends: [six.entry] }],
      });
      const port = portOf(addressOf(first));
      await startBalancer(t, plane, { listen: bracketed("0.0.0.0", port), backends: [four.entry] });
      for (const [ip, name] of [
        [FOUR, "four"],
        [SIX, "six"],
      ]) {
        const client = await openPeer(t, { ip });
        assert.equal(tagOf(await client.ask("?", bracketed(ip, port))), name);
      }
    });

    test("a reload that sets ipv6Only leaves IPv4 alone from then on", {
      skip: skip || (plane.cannot.changeIpv6Only ?? false),
    }, async (t) => {
      const backend = await openBackend(t, "a");
      const config = (ipv6Only: boolean) => ({
        listeners: [{ name: "main", address: "[::]:0", ipv6Only }],
        pools: [{ backends: [backend.entry] }],
      });
      const balancer = await startBalancer(t, plane, config(false));
      const port = portOf(addressOf(balancer));
      const [four, six] = [await openPeer(t), await openPeer(t, { ip: SIX })];
      await four.ask("?", bracketed(FOUR, port));
      await balancer.reload(config(true));
      await eventually(async () => (await openPeer(t, { port })).close());
      await six.ask("?", bracketed(SIX, port));
    });

    test("client-ip takes an IPv4 client of [::] for what it is", { skip }, async (t) => {
      const [a, b] = [await openBackend(t, "a"), await openBackend(t, "b")];
      const balancer = await startBalancer(t, plane, {
        listen: "[::]:0",
        affinity: "client-ip/24,64",
        backends: [a.entry, b.entry],
      });
      const to = bracketed(FOUR, portOf(addressOf(balancer)));
      const names: string[] = [];
      for (const ip of ["127.0.0.1", "127.0.0.9", "127.0.9.1"]) {
        names.push(tagOf(await (await openPeer(t, { ip })).ask("?", to)));
      }
      assert.deepEqual(names, ["a", "a", "b"]);
    });
  });

  describe("wildcard listeners", sideBySide(plane), () => {
    test("0.0.0.0: the reply leaves from 127.0.0.1 when that was written to", async (t) => {
      const backend = await openBackend(t, "a");
      const balancer = await startBalancer(t, plane, { listen: "0.0.0.0:0", backends: [backend.entry] });
      const to = bracketed(FOUR, portOf(addressOf(balancer)));
      const reply = await (await openPeer(t)).ask("?", to);
      assert.deepEqual([reply.text, reply.from], ["a:?", to]);
    });

    const unlisted = { skip: plane.cannot.useUnlistedAddresses ?? false };
    for (const affinity of ["none", "client", "client-ip"]) {
      test(
        `affinity ${affinity}: one client writes to three local addresses, each answers`,
        unlisted,
        async (t) => {
          const [a, b] = [await openBackend(t, "a"), await openBackend(t, "b")];
          const balancer = await startBalancer(t, plane, {
            listen: "0.0.0.0:0",
            affinity,
            backends: [a.entry, b.entry],
          });
          const client = await openPeer(t);
          const targets = ["127.0.0.1", "127.0.0.2", "127.0.0.3"].map((ip) =>
            bracketed(ip, portOf(addressOf(balancer))),
          );
          for (let round = 0; round < 3; round++) for (const to of targets) client.send(to, to);
          for (const { text, from } of await client.take(9)) assert.equal(text.slice(2), from);
          await client.gotNothing();
        },
      );
    }
  });
}

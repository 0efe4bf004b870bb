/** ICMP errors that somebody made up: what they can do to a flow, and what they cannot. Needs Linux and a raw socket. */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { parseEndpoint } from "#src/core/address.js";
import type { PlaneUnderTest } from "../conformance/suite/plane-under-test.js";
import { addressOf, startBalancer } from "../conformance/suite/plane-under-test.js";
import { ICMP_HEADERS_BYTES, ipNumber, writeIcmpError } from "../hostile/raw-packets.js";
import { openBackends } from "../support/backends.js";
import { proves } from "../support/proves.js";
import { UdpPeer } from "../support/udp-peer.js";
import { eventually } from "../support/waiting.js";

const skip =
  process.platform === "linux" && process.getuid?.() === 0 ? false : "needs Linux and root, for a raw socket";
const LOCALHOST = "127.0.0.1";
const UNREACHABLE = 3;
const PORT = 3;
const PROHIBITED = 13;
/** A parameter problem: no error of the path, and fatal to a socket without an error queue. */
const PROBLEM = 12;

const planeOf = (name: "portable" | "batched"): PlaneUnderTest => ({ name, workers: 1, cannot: {} });

/** A client whose flow is on the first of two backends, and the ends of its upstream socket. */
async function openFlow(t: TestContext, plane: "portable" | "batched") {
  const backends = await openBackends(t, "a", "b");
  const balancer = await startBalancer(t, planeOf(plane), {
    listen: `${LOCALHOST}:0`,
    affinity: "client",
    backends: backends.map(({ entry }) => entry),
  });
  const client = await UdpPeer.open(t);
  const to = addressOf(balancer);
  assert.equal((await client.ask("the real payload", to)).text, "a:the real payload");
  const upstream = parseEndpoint(backends[0].got[0].from);
  const { openRawSender } = await import("../hostile/raw-sender.js");
  /** Forges an error about a datagram with this payload from the upstream to backend a. */
  const forge = (code: number, payload: string, type = UNREACHABLE): void => {
    const sender = openRawSender(LOCALHOST);
    const at = sender.slot(0);
    sender.u8.set(Buffer.from(payload), at + ICMP_HEADERS_BYTES);
    const ends = {
      source: ipNumber(LOCALHOST),
      sourcePort: upstream.port,
      target: ipNumber(backends[0].peer.ip),
      targetPort: backends[0].peer.port,
    };
    writeIcmpError(sender.view, at, { from: ends.target, type, code }, ends, payload.length);
    sender.fill(0, ICMP_HEADERS_BYTES + payload.length);
    sender.send(1);
    sender.close();
  };
  return { backends, balancer, client, to, forge };
}

describe("forged ICMP errors", { skip }, () => {
  for (const plane of ["portable", "batched"] as const) {
    test(`${plane}: "prohibited" can do no more than "port unreachable": one backend, and not the last`, async (t) => {
      const { backends, balancer, client, to, forge } = await openFlow(t, plane);
      forge(PROHIBITED, "an invented one!");
      const answer = await client.ask("next", to);
      await eventually(() => assert.equal(balancer.stats().backends[0].refused, 1));
      assert.match(answer.text, /^[ab]:next$/);
      assert.equal(balancer.stats().flows.ended.failed, 0);
      const got = backends.flatMap((backend) => backend.got.map(({ text }) => text));
      assert.deepEqual(got.toSorted(), ["next", "the real payload"]);
      const states = balancer.stats().backends.map(({ health }) => health);
      assert.equal(states.filter((state) => state === "ejected").length <= 1, true);
    });

    test(`${plane}: a payload that was never sent reaches nobody`, async (t) => {
      const { backends, balancer, client, to, forge } = await openFlow(t, plane);
      forge(PORT, "an invented one!");
      // The portable plane hears of it with its next send.
      const answer = await client.ask("next", to);
      await eventually(() => assert.equal(balancer.stats().backends[0].refused, 1));
      assert.match(answer.text, /^[ab]:next$/);
      await client.silent(50);
      const got = backends.flatMap((backend) => backend.got.map(({ text }) => text));
      assert.deepEqual(got.toSorted(), ["next", "the real payload"]);
    });
  }

  test("portable: an error that breaks a flow's socket ends the flow, and the next request starts another", async (t) => {
    proves("portable", "socket-breaks");
    const { balancer, client, to, forge } = await openFlow(t, "portable");
    forge(0, "whatever", PROBLEM);
    await eventually(() => assert.equal(balancer.stats().flows.ended.failed, 1));
    assert.match((await client.ask("next", to)).text, /^[ab]:next$/);
    assert.equal(balancer.stats().flows.opened, 2);
  });

  test("batched: the same error breaks nothing", async (t) => {
    const { balancer, client, to, forge } = await openFlow(t, "batched");
    forge(0, "whatever", PROBLEM);
    assert.equal((await client.ask("next", to)).text, "a:next");
    assert.deepEqual([balancer.stats().flows.opened, balancer.stats().flows.ended.failed], [1, 0]);
  });
});

/** Requests from source port 0, which nobody can answer, beside honest clients of the same listener. Needs Linux and a raw socket. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseEndpoint } from "#src/core/address.js";
import { assertConsistent } from "../conformance/suite/figures.js";
import { addressOf, type PlaneUnderTest, startBalancer } from "../conformance/suite/plane-under-test.js";
import { ipNumber, UDP_HEADERS_BYTES, writeUdpHeaders } from "../hostile/raw-packets.js";
import { echo, openBackend } from "../support/backends.js";
import { eventually } from "../support/waiting.js";

const skip =
  process.platform === "linux" && process.getuid?.() === 0 ? false : "needs Linux and root, for a raw socket";
const LOCALHOST = "127.0.0.1";
const [FORGED, BURST, BYTES] = [16, 20, 500];

const numbered = (number: number): Buffer => Buffer.alloc(BYTES, number);

/** Sends requests from port 0, all of one made-up client. */
async function forge(to: string, payloads: readonly Buffer[]): Promise<void> {
  const { openRawSender } = await import("../hostile/raw-sender.js");
  const ends = {
    source: ipNumber("127.9.9.9"),
    sourcePort: 0,
    target: ipNumber(LOCALHOST),
    targetPort: parseEndpoint(to).port,
  };
  const sender = openRawSender(LOCALHOST);
  for (const [i, payload] of payloads.entries()) {
    sender.u8.set(payload, sender.slot(i) + UDP_HEADERS_BYTES);
    writeUdpHeaders(sender.view, sender.slot(i), ends, payload.length);
    sender.fill(i, UDP_HEADERS_BYTES + payload.length);
  }
  sender.send(payloads.length);
  sender.close();
}

describe("requests from source port 0", { skip }, () => {
  for (const name of ["portable", "batched"] as const) {
    test(`${name}: they are forwarded, their replies dropped, and bursts of others pass whole`, async (t) => {
      const plane: PlaneUnderTest = { name, workers: 1, cannot: {} };
      const backend = await openBackend(t, "a", { answer: echo });
      const config = { listen: `${LOCALHOST}:0`, affinity: "client", backends: [backend.entry] };
      const balancer = await startBalancer(t, plane, config);
      const warnings: string[] = [];
      balancer.on("warning", ({ code }) => warnings.push(code));
      const { openGsoClient } = await import("../support/gso-client.js");
      const client = openGsoClient(addressOf(balancer));
      t.after(() => client.close());
      const sent = Array.from({ length: BURST }, (_, i) => numbered(i));
      const forged = Array.from({ length: FORGED }, (_, i) => numbered(100 + i));

      const replyDrops = () => balancer.stats().listeners[0].replyDrops;
      for (let round = 1; round <= 3; round++) {
        await forge(addressOf(balancer), forged);
        client.burst(sent);
        assert.deepEqual(await client.take(BURST), sent);
        await eventually(() => assert.equal(replyDrops().unanswerable, round * FORGED));
      }
      const wasForged = (payload: Buffer) => payload[0] >= 100;
      assert.equal(backend.got.filter(({ payload }) => wasForged(payload)).length, 3 * FORGED);
      await assertConsistent(() => balancer.stats());
      const { flows, listeners } = balancer.stats();
      assert.equal(flows.opened, 2);
      assert.equal(listeners[0].replies.datagrams, 3 * BURST);
      assert.equal(
        Object.values(replyDrops()).reduce((sum, count) => sum + count, 0),
        3 * FORGED,
      );
      // The batched plane would say here that it sends no more bursts.
      assert.deepEqual(warnings, []);
    });
  }
});

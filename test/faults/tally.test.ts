/** The accounts of the fault suite notice what must never happen. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { DNS, PLAIN } from "./numbered-request.js";
import { Tally } from "./tally.js";

for (const [name, protocol] of Object.entries({ PLAIN, DNS })) {
  test(`${name}: a reply to every request is read back, and nothing that was changed`, () => {
    for (const number of [0, 1, 5, 300, 70_000]) {
      const reply = protocol.createReply(protocol.createRequest(3, number), 2)!;
      assert.deepEqual(protocol.readReply(reply), { client: 3, number, tag: 2 });
      assert.equal(protocol.readReply(reply.subarray(0, -1)), undefined);
      const last = protocol.createRequest(3, number).length - 1;
      reply[last] = reply[last]! ^ 1;
      assert.equal(protocol.readReply(reply), undefined);
    }
    assert.equal(protocol.readReply(Buffer.alloc(0)), undefined);
    assert.equal(protocol.createReply(Buffer.from("probe"), 2), undefined);
  });
}

test("lost, empty, doubled, misdelivered and bad are told apart", () => {
  const tally = new Tally();
  for (const client of [0, 1, 0, 1]) tally.sent(client);
  const reply = (number: number) => ({ client: number % 2, number, tag: 2 });
  tally.received(0, 20, reply(0));
  tally.received(0, 20, reply(0));
  tally.received(0, 20, reply(1));
  tally.received(1, 20, reply(3));
  tally.received(1, 0, undefined);
  tally.received(1, 20, undefined);
  tally.received(1, 20, reply(9));
  const { missedAtMs, slowestMs, ...counts } = tally.result();
  assert.deepEqual(counts, {
    sent: 4,
    answered: 2,
    late: 0,
    lost: 2,
    empty: 1,
    doubled: 1,
    misdelivered: 1,
    bad: 2,
  });
  assert.equal(missedAtMs.length, 2);
  assert.ok(slowestMs >= 0);
  assert.deepEqual(tally.byTag, [[2, 2]]);
});

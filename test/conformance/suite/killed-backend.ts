/** kill -9 of one of three backends, processes of their own, under traffic: each request that is lost is accounted for. */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import type { Balancer, Stats } from "#src/api.js";
import type { ConfigInput } from "#src/config/config.js";
import { ownAddress } from "../../support/backends.js";
import { type NumberedTraffic, openNumberedTraffic } from "../../support/numbered-traffic.js";
import { JsonProgram, programPath } from "../../support/other-processes.js";
import { proves } from "../../support/proves.js";
import { eventually } from "../../support/waiting.js";
import { assertConsistent } from "./figures.js";
import { addressOf, type PlaneUnderTest, startBalancer } from "./plane-under-test.js";

type Pool = Partial<ConfigInput["pools"][number]>;

const KILLED = 1;

/** Three echo servers under traffic, of which one is killed; resolves when traffic has gone on for a while after that. */
async function killUnderTraffic(t: TestContext, plane: PlaneUnderTest, pool: Pool) {
  const programs = Array.from(
    { length: 3 },
    () => new JsonProgram(t, [process.execPath, programPath("echo-program"), ownAddress()]),
  );
  const backends = await Promise.all(programs.map((program) => program.next<string>()));
  const balancer = await startBalancer(t, plane, {
    listeners: [{ name: "main", address: "127.0.0.1:0" }],
    pools: [{ ...pool, backends }],
  });
  const traffic = await openNumberedTraffic(t, addressOf(balancer), {
    clients: 16,
    perSecond: 1500,
    longest: 500,
  });
  await traffic.answered(300);
  process.kill(programs[KILLED].pid, "SIGKILL");
  await eventually(() => assert.ok(balancer.stats().backends[KILLED].refused > 0));
  await traffic.answered(600);
  traffic.halt();
  return { balancer, traffic };
}

/** Requests that the killed backend took and did not answer; every other one it answered, as the living did. */
function unansweredOf({ backends }: Stats): number {
  for (const [i, { requests, replies, name }] of backends.entries()) {
    if (i !== KILLED) assert.equal(requests.datagrams, replies.datagrams, `${name} has answered all`);
  }
  return backends[KILLED].requests.datagrams - backends[KILLED].replies.datagrams;
}

const dropsOf = ({ drops }: Stats) => Object.values(drops).reduce((sum, count) => sum + count, 0);

/** Waits until every request without an answer is one that the killed backend had, or a drop with a reason. */
async function assertAccounted(balancer: Balancer, traffic: NumberedTraffic): Promise<void> {
  await eventually(() => {
    const stats = balancer.stats();
    assert.equal(traffic.missing.length, unansweredOf(stats) + dropsOf(stats));
  });
  await assertConsistent(() => balancer.stats());
  assert.deepEqual(traffic.wrong, [], "replies that are empty, doubled or another client's");
}

export function defineKilledBackend(plane: PlaneUnderTest): void {
  describe("a backend that is killed under traffic", () => {
    for (const affinity of ["none", "client"]) {
      test(`affinity ${affinity}: what it refuses is answered by another where the plane can, and nothing is doubled`, async (t) => {
        proves("both", "refused");
        const { balancer, traffic } = await killUnderTraffic(t, plane, { affinity });
        await assertAccounted(balancer, traffic);
        const { refused } = balancer.stats().backends[KILLED];
        t.diagnostic(`${traffic.missing.length} of ${traffic.sent} lost, ${refused} refused`);
        // Not one that was refused is lost: only what waited in the killed process's queue, which the kernel throws away.
        if (plane.cannot.resendRefused === undefined) assert.equal(dropsOf(balancer.stats()), 0);
      });

      // What is older than a second, or came before another reply of its flow, is not sent again: on a machine that is busy there is some.
      test(`affinity ${affinity}, resend: what is not answered is accounted for, and nothing is answered twice`, async (t) => {
        const failover = { unanswered: "resend" } as const;
        const { balancer, traffic } = await killUnderTraffic(t, plane, { affinity, failover });
        await assertAccounted(balancer, traffic);
        t.diagnostic(`${traffic.missing.length} of ${traffic.sent} lost`);
        if (plane.cannot.resendRefused === undefined) assert.equal(dropsOf(balancer.stats()), 0);
      });
    }
  });
}

/** kill -9 of one of three backends, processes of their own, under traffic at a fixed rate: what it costs. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { ownAddress } from "../../support/backends.js";
import { openNumberedTraffic } from "../../support/numbered-traffic.js";
import { JsonProgram, programPath } from "../../support/other-processes.js";
import { proves } from "../../support/proves.js";
import { assertConsistent } from "./figures.js";
import { addressOf, type PlaneUnderTest, startBalancer } from "./plane-under-test.js";

const CLIENTS = 16;
const PER_SECOND = 1500;
const KILLED = 1;
/** What may wait in a process's receive queue as it is killed, 100 ms of it: the kernel throws that away, and nobody is told. */
const MOST_QUEUED = 50;

export function defineKilledBackend(plane: PlaneUnderTest): void {
  describe("a backend that is killed under traffic", () => {
    for (const affinity of ["none", "client"]) {
      test(`affinity ${affinity}: what it refuses is answered by another where the plane can, and nothing is doubled`, async (t) => {
        proves("both", "refused");
        const programs = Array.from(
          { length: 3 },
          () => new JsonProgram(t, [process.execPath, programPath("echo-program"), ownAddress()]),
        );
        const backends = await Promise.all(programs.map((program) => program.next<string>()));
        const balancer = await startBalancer(t, plane, { listen: "127.0.0.1:0", affinity, backends });
        const traffic = await openNumberedTraffic(t, addressOf(balancer), {
          clients: CLIENTS,
          perSecond: PER_SECOND,
          longest: 500,
        });
        await delay(300);
        process.kill(programs[KILLED].pid, "SIGKILL");
        await delay(700);
        const { sent, wrong, missing } = await traffic.stop();
        await assertConsistent(() => balancer.stats());
        const { backends: figures, drops } = balancer.stats();
        const killed = figures[KILLED];
        const says = `${missing.length} of ${sent} lost, ${killed.refused} refused`;
        t.diagnostic(says);
        assert.ok(sent > 500 && killed.refused > 0, says);
        assert.deepEqual(wrong, [], "replies that are empty, doubled or another client's");
        if (plane.cannot.resendRefused !== undefined) {
          assert.ok(missing.length <= CLIENTS + MOST_QUEUED, says);
          return;
        }
        // Requests to it are only those that it accepted: not one that was refused is lost.
        const queued = killed.requests.datagrams - killed.replies.datagrams;
        assert.deepEqual([missing.length, drops.backend_refused], [queued, 0], says);
        assert.ok(queued <= MOST_QUEUED, says);
      });
    }
  });
}

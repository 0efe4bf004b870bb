/** The short form of `npm run faults`: what the page on live flows promises, with numbered traffic flowing, for both planes. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { sluice } from "../faults/contestants/sluice.js";
import type { FaultName } from "../faults/faults.js";
import { type FaultResult, runFault } from "../faults/run-fault.js";
import { needsNamespaces } from "../support/network-namespaces.js";

const PLANES = process.platform === "linux" ? (["batched", "portable"] as const) : (["portable"] as const);
const skip = process.platform === "win32" ? "Windows has no SIGSTOP" : false;
const CLIENTS = 16;
const PER_SECOND = 500;
/** What the probes need: an interval with its jitter, a fast interval, two timeouts; and the decision's 100 ms. */
const PROBES_DECIDE_MS = 1100 + 220 + 2 * 500 + 100;
/** A process that is killed takes a moment to end, and its socket takes in until then; a busy machine is slow. */
const DYING_MS = 150;

interface Contract {
  readonly fault: FaultName;
  /** Requests that may be lost or late. */
  mayMiss(plane: string, result: FaultResult): number;
  /** And until when after the fault. */
  readonly untilMs: number;
  readonly pace: number;
  /** Only with a network of its own. */
  readonly isolated?: true;
  /** Drops that it must tell of, on the batched plane. */
  readonly tells?: string;
}

const CONTRACTS: readonly Contract[] = [
  // What the dying process had taken in; and on the portable plane what is refused, at most one of each flow.
  {
    fault: "kill",
    mayMiss: (plane, { victimShare }) =>
      Math.ceil((victimShare * PER_SECOND * DYING_MS) / 1000) + (plane === "portable" ? CLIENTS : 0),
    untilMs: 1000,
    pace: 0.4,
  },
  // Nobody takes anything in: on the batched plane every refused request goes to another backend.
  { fault: "refuse", mayMiss: (plane) => (plane === "portable" ? CLIENTS : 0), untilMs: 1000, pace: 0.3 },
  // Its share, until the probes have decided.
  {
    fault: "stop",
    mayMiss: (_, { victimShare }) => Math.ceil((victimShare * PER_SECOND * PROBES_DECIDE_MS) / 1000),
    untilMs: PROBES_DECIDE_MS,
    pace: 0.8,
  },
  { fault: "drain", mayMiss: () => 0, untilMs: 0, pace: 0.3 },
  { fault: "remove", mayMiss: () => 0, untilMs: 0, pace: 0.3 },
  { fault: "dns", mayMiss: () => 0, untilMs: 0, pace: 0.7, isolated: true },
  // Nothing gets through meanwhile, and everything afterwards.
  { fault: "address", mayMiss: (_, { sent }) => sent, untilMs: 1000 + 200, pace: 0.5, isolated: true },
  {
    fault: "buffers",
    mayMiss: (_, { sent }) => sent,
    untilMs: 1000 + 200,
    pace: 0.5,
    isolated: true,
    tells: "send_buffer_full",
  },
];

// The planes at the same time: most of it is waiting.
describe("faults with traffic flowing", { skip, concurrency: 2 }, () => {
  for (const plane of PLANES) {
    describe(`${plane} plane`, { concurrency: 1 }, () => {
      for (const { fault, mayMiss, untilMs, pace, isolated = false, tells } of CONTRACTS) {
        const { skip } = isolated ? needsNamespaces() : { skip: false };
        test(fault, { skip, timeout: 30_000 }, async () => {
          const options = { clients: CLIENTS, perSecond: PER_SECOND, warmupMs: 500, pace, isolated };
          const result = await runFault(sluice(plane), fault, options);
          const { empty, doubled, misdelivered, bad, late, lost, sent, lastMissMs = 0 } = result;
          assert.deepEqual(
            { empty, doubled, misdelivered, bad },
            { empty: 0, doubled: 0, misdelivered: 0, bad: 0 },
          );
          assert.ok(sent >= 0.8 * PER_SECOND, `only ${sent} sent`);
          const most = mayMiss(plane, result);
          assert.ok(late + lost <= most, `${lost} lost and ${late} late of ${sent}, at most ${most}`);
          assert.ok(lastMissMs <= untilMs, `the last miss ${lastMissMs} ms after the fault`);
          if (tells !== undefined && plane === "batched")
            assert.ok((result.drops?.[tells] ?? 0) > 0, `${JSON.stringify(result.drops)}`);
        });
      }
    });
  }
});

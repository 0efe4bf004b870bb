/**
 * The short form of `npm run faults`: what the page on live flows promises, with numbered traffic flowing, for both planes. Other
 * traffic flows beside it without balancer or fault: its slowest answer says how long this machine lets a process wait.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { sluice } from "../faults/contestants/sluice.js";
import type { FaultName } from "../faults/faults.js";
import { type FaultResult, runFault } from "../faults/run-fault.js";
import { type Judgement, judgedByControl } from "../support/against-control.js";
import { needsNamespaces } from "../support/network-namespaces.js";

const PLANES = process.platform === "linux" ? (["batched", "portable"] as const) : (["portable"] as const);
const skip = process.platform === "win32" ? "Windows has no SIGSTOP" : false;
const CLIENTS = 16;
const PER_SECOND = 500;
/** What the probes need: an interval with its jitter, a fast interval, two timeouts; and the decision's 100 ms. */
const PROBES_DECIDE_MS = 1100 + 220 + 2 * 500 + 100;
/** A process that is killed takes a moment to end, and its socket takes in until then. */
const DYING_MS = 150;
/** What happens takes several processes, one after the other: each may have to wait as long as the control's slowest answer took. */
const STEPS = 4;
/** Of a control that is slower than this a fault in the result says nothing. */
const GOOD_CONTROL_MS = 100;

interface Contract {
  readonly fault: FaultName;
  /** Requests that may be lost or late. @param stallMs what this machine may add to every time */
  mayMiss(plane: string, result: FaultResult, stallMs: number): number;
  /** And until when after the fault, or after its end where that is told. */
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
    mayMiss: (plane, { victimShare }, stallMs) =>
      Math.ceil((victimShare * PER_SECOND * (DYING_MS + stallMs)) / 1000) +
      (plane === "portable" ? CLIENTS : 0),
    untilMs: 1000,
    pace: 0.4,
  },
  // On the batched plane every refused request goes to another backend; what waits in the socket when it closes is gone on both.
  {
    fault: "refuse",
    mayMiss: (plane, { victimShare }, stallMs) =>
      Math.ceil((victimShare * PER_SECOND * stallMs) / 1000) + (plane === "portable" ? CLIENTS : 0),
    untilMs: 1000,
    pace: 0.3,
  },
  // Its share, until the probes have decided.
  {
    fault: "stop",
    mayMiss: (_, { victimShare }, stallMs) =>
      Math.ceil((victimShare * PER_SECOND * (PROBES_DECIDE_MS + stallMs)) / 1000),
    untilMs: PROBES_DECIDE_MS,
    pace: 0.8,
  },
  { fault: "drain", mayMiss: () => 0, untilMs: 0, pace: 0.3 },
  { fault: "remove", mayMiss: () => 0, untilMs: 0, pace: 0.3 },
  { fault: "dns", mayMiss: () => 0, untilMs: 0, pace: 0.7, isolated: true },
  // Nothing gets through meanwhile, and everything afterwards.
  { fault: "address", mayMiss: (_, { sent }) => sent, untilMs: 200, pace: 0.5, isolated: true },
  {
    fault: "buffers",
    mayMiss: (_, { sent }) => sent,
    untilMs: 200,
    pace: 0.5,
    isolated: true,
    tells: "send_buffer_full",
  },
];

function judge(contract: Contract, plane: string, result: FaultResult): Judgement {
  const { late, lost, sent, control } = result;
  const slowestMs = control!.lost > 0 ? 1000 : control!.slowestMs;
  const stallMs = STEPS * slowestMs;
  const faults = [];
  const most = contract.mayMiss(plane, result, stallMs);
  if (late + lost > most) faults.push(`${lost} lost and ${late} late of ${sent}, at most ${most}`);
  const lastMs = result.lastMissAfterHealingMs ?? result.lastMissMs ?? 0;
  if (lastMs > contract.untilMs + stallMs) faults.push(`the last miss after ${lastMs} ms`);
  return {
    faults,
    isControlGood: slowestMs <= GOOD_CONTROL_MS,
    control: `slowest answer ${control!.slowestMs.toFixed(1)} ms, ${control!.lost} of ${control!.sent} lost`,
  };
}

describe("faults with traffic flowing", { skip }, () => {
  for (const plane of PLANES) {
    describe(`${plane} plane`, () => {
      for (const contract of CONTRACTS) {
        const { fault, pace, isolated = false, tells } = contract;
        const { skip } = isolated ? needsNamespaces() : { skip: false };
        test(fault, { skip }, (t) =>
          judgedByControl(t, async () => {
            const options = { clients: CLIENTS, perSecond: PER_SECOND, warmupMs: 500, pace, isolated };
            const result = await runFault(sluice(plane), fault, { ...options, control: true });
            const { empty, doubled, misdelivered, bad, sent } = result;
            assert.deepEqual(
              { empty, doubled, misdelivered, bad },
              { empty: 0, doubled: 0, misdelivered: 0, bad: 0 },
            );
            assert.ok(sent > 0);
            if (tells !== undefined && plane === "batched")
              assert.ok((result.drops?.[tells] ?? 0) > 0, `${JSON.stringify(result.drops)}`);
            return judge(contract, plane, result);
          }),
        );
      }
    });
  }
});

/** `balancer.backends`: what an operator may do to a backend while the balancer runs. */
import type { TellOperator } from "./actors.js";
import type { Actor, BackendControl, OperatorAction } from "./api.js";
import { SluiceError } from "./core/errors.js";
import type { AdminState, Snapshot } from "./core/snapshot.js";

export type Operate = (
  slot: number,
  change: { admin?: AdminState; weight?: number },
  reason: string,
  deadlineMs?: number,
) => void;

interface Change {
  readonly action: OperatorAction["action"];
  readonly to: { admin?: AdminState; weight?: number };
  readonly reason: string;
  readonly detail?: string;
  readonly deadlineMs?: number | undefined;
}

const MAX_WEIGHT = 65_535;

/** @param snapshot the one in force at the moment of each call */
export function createBackendControl(
  snapshot: () => Snapshot,
  operate: Operate,
  tell: TellOperator,
): BackendControl {
  const change = (name: string, actor: Actor | undefined, asked: Change) => {
    const { slot, fullName } = findBackend(snapshot(), name);
    operate(slot, asked.to, asked.reason, asked.deadlineMs);
    tell(asked.action, fullName, asked.detail ?? "", actor);
  };
  return {
    drain(name, { deadlineMs } = {}, actor) {
      checkDeadline(deadlineMs);
      const detail = deadlineMs === undefined ? "" : `deadline ${deadlineMs} ms`;
      const to = { admin: "draining" } as const;
      change(name, actor, { action: "drain", to, reason: "drained by an operator", detail, deadlineMs });
    },
    enable(name, actor) {
      change(name, actor, {
        action: "enable",
        to: { admin: "enabled" },
        reason: "enabled by an operator",
      });
    },
    disable(name, actor) {
      change(name, actor, {
        action: "disable",
        to: { admin: "disabled" },
        reason: "disabled by an operator",
      });
    },
    weight(name, weight, actor) {
      checkWeight(name, weight);
      const detail = `weight ${weight}`;
      change(name, actor, {
        action: "weight",
        to: { weight },
        reason: `${detail} set by an operator`,
        detail,
      });
    },
  };
}

function checkDeadline(deadlineMs: number | undefined): void {
  if (deadlineMs === undefined || deadlineMs >= 0) return;
  throw new SluiceError(
    "ARGUMENT_INVALID",
    `deadlineMs: found ${deadlineMs}, expected milliseconds from 0 up`,
  );
}

function checkWeight(name: string, weight: number): void {
  if (Number.isInteger(weight) && weight >= 0 && weight <= MAX_WEIGHT) return;
  const expected = `expected a whole number from 0 to ${MAX_WEIGHT}`;
  throw new SluiceError("ARGUMENT_INVALID", `weight of ${name}: found ${weight}, ${expected}`);
}

/** By `pool/backend`, or by the backend's name alone where only one pool has it. */
function findBackend(snapshot: Snapshot, name: string): { slot: number; fullName: string } {
  const all = snapshot.pools.flatMap((pool) =>
    pool.backends.map((backend) => ({ fullName: `${pool.name}/${backend.name}`, ...backend })),
  );
  const found = all.filter((backend) => backend.fullName === name || backend.name === name);
  if (found.length === 1) return found[0];
  if (found.length === 0) throw new SluiceError("BACKEND_UNKNOWN", `no backend ${JSON.stringify(name)}`);
  const choices = found.map(({ fullName }) => fullName).join(", ");
  throw new SluiceError(
    "BACKEND_AMBIGUOUS",
    `several backends ${JSON.stringify(name)}: say which of ${choices}`,
  );
}

/** `balancer.backends`: what an operator may do to a backend while the balancer runs. */
import type { BackendControl } from "./api.js";
import { SluiceError } from "./core/errors.js";
import type { AdminState, BackendEntry, Snapshot } from "./core/snapshot.js";

export type Operate = (
  slot: number,
  change: { admin?: AdminState; weight?: number },
  reason: string,
  deadlineMs?: number,
) => void;

const MAX_WEIGHT = 65_535;

/** @param snapshot the one in force at the moment of each call */
export function createBackendControl(snapshot: () => Snapshot, operate: Operate): BackendControl {
  const slotOf = (name: string) => findBackend(snapshot(), name).slot;
  return {
    drain(name, { deadlineMs } = {}) {
      if (deadlineMs !== undefined && !(deadlineMs >= 0)) {
        throw new SluiceError(
          "ARGUMENT_INVALID",
          `deadlineMs: found ${deadlineMs}, expected milliseconds from 0 up`,
        );
      }
      operate(slotOf(name), { admin: "draining" }, "drained by an operator", deadlineMs);
    },
    enable: (name) => operate(slotOf(name), { admin: "enabled" }, "enabled by an operator"),
    disable: (name) => operate(slotOf(name), { admin: "disabled" }, "disabled by an operator"),
    weight(name, weight) {
      if (!Number.isInteger(weight) || weight < 0 || weight > MAX_WEIGHT) {
        const expected = `expected a whole number from 0 to ${MAX_WEIGHT}`;
        throw new SluiceError("ARGUMENT_INVALID", `weight of ${name}: found ${weight}, ${expected}`);
      }
      operate(slotOf(name), { weight }, `weight ${weight} set by an operator`);
    },
  };
}

/** By `pool/backend`, or by the backend's name alone where only one pool has it. */
function findBackend(snapshot: Snapshot, name: string): BackendEntry {
  const all = snapshot.pools.flatMap((pool) =>
    pool.backends.map((backend) => ({ full: `${pool.name}/${backend.name}`, backend })),
  );
  const found = all.filter(({ full, backend }) => full === name || backend.name === name);
  if (found.length === 1) return found[0].backend;
  if (found.length === 0) throw new SluiceError("BACKEND_UNKNOWN", `no backend ${JSON.stringify(name)}`);
  const choices = found.map(({ full }) => full).join(", ");
  throw new SluiceError(
    "BACKEND_AMBIGUOUS",
    `several backends ${JSON.stringify(name)}: say which of ${choices}`,
  );
}

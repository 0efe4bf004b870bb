// The row on steady state: whether memory grows with the datagrams that pass. sluice alone, in a script that tells the
// live bytes of every heap before and after.
import { steadySluice } from "../peers/sluice.js";

/** Enough for V8 to have compiled everything. */
const WARM_DATAGRAMS = 1_000_000;

/** @param {object} plan @param {number} datagrams */
export function steadyRow(plan, datagrams) {
  return {
    id: "steady",
    title: `Steady state: ${datagrams.toLocaleString("en-US")} datagrams (GSO)`,
    contestants: [steadySluice()],
    loads: {
      warm: { ...plan, datagrams: Math.min(WARM_DATAGRAMS, datagrams) },
      main: { ...plan, datagrams },
    },
    servers: { gso: true },
    keepsClients: true,
    tellsMemory: true,
    figures: [
      growth("main", "growth of the live heap, main thread", ({ main }) => main),
      growth("worker", "growth of the live heap, worker", ({ workers }) => workers[0]),
      {
        key: "resident",
        label: "growth of resident memory",
        unit: "bytes",
        better: "lower",
        read: ({ memory }) => memory.main.residentBefore - memory.warm.residentAfter,
      },
    ],
  };
}

function growth(key, label, heapOf) {
  const read = ({ memory }) => heapOf(memory.main) - heapOf(memory.warm);
  return { key, label, unit: "bytes", better: "lower", read };
}

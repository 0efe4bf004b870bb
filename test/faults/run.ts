/** `npm run faults [-- --only kill,stop --peers sluice,nginx]`: every fault with every balancer; writes docs/faults.md when all of it ran. */
import { parseArgs } from "node:util";
import { needsNamespaces } from "../support/network-namespaces.js";
import type { Contestant } from "./contestants/contestant.js";
import { findDnsdist } from "./contestants/dnsdist.js";
import { findNginx } from "./contestants/nginx.js";
import { sluice } from "./contestants/sluice.js";
import { FAULT_NAMES, type FaultName } from "./faults.js";
import { formatRow, type Row, writePage } from "./report.js";
import { runFault } from "./run-fault.js";

/** Faults in which it matters what probes there are: nothing refuses. */
const SILENT: readonly FaultName[] = ["stop", "blackhole", "flap"];
/** Faults in which it matters what becomes of unanswered requests: the backend dies. */
const DEADLY: readonly FaultName[] = ["kill", "refuse", "flap"];

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    peers: { type: "string" },
    write: { type: "boolean", default: false },
  },
});
const { skip } = needsNamespaces();
if (skip !== false) throw new Error(`the fault suite ${skip}`);

const names = choose(FAULT_NAMES, values.only);
const contestants = findContestants().filter(
  ({ name }) => values.peers === undefined || values.peers.split(",").some((peer) => name.startsWith(peer)),
);
const rows: Row[] = [];
for (const fault of names) {
  for (const contestant of contestants) {
    if (/no probes|fall/.test(contestant.name) && !SILENT.includes(fault)) continue;
    if (/batched, resend|portable, resend/.test(contestant.name) && !DEADLY.includes(fault)) continue;
    const row = {
      fault,
      contestant,
      result: contestant.cannot[fault] ?? (await runFault(contestant, fault)),
    };
    rows.push(row);
    console.log(formatRow(row));
  }
}
const isWhole = values.only === undefined && values.peers === undefined;
if (isWhole || values.write) writePage(rows);
process.exitCode = rows.some(isWrong) ? 1 : 0;

function findContestants(): Contestant[] {
  const peers = [findNginx(), findDnsdist()].filter((peer) => peer !== undefined);
  return [
    sluice("batched"),
    sluice("portable"),
    sluice("batched", { unanswered: "resend" }),
    sluice("portable", { unanswered: "resend" }),
    sluice("batched", { fall: 1 }),
    sluice("batched", { fall: 0 }),
    sluice("batched", { fall: 0, silence: "move" }),
    sluice("batched", { fall: 0, silence: "move", unanswered: "resend" }),
    sluice("batched", { fall: 0, affinity: "none" }),
    sluice("batched", { fall: 0, affinity: "none", unanswered: "resend" }),
    sluice("portable", { fall: 0, affinity: "none", unanswered: "resend" }),
    ...peers,
  ];
}

function choose(all: readonly FaultName[], text: string | undefined): readonly FaultName[] {
  const wanted = text?.split(",") ?? all;
  const unknown = wanted.filter((name) => !all.includes(name as FaultName));
  if (unknown.length > 0) throw new Error(`no fault ${unknown.join(", ")}; there are ${all.join(", ")}`);
  return all.filter((name) => wanted.includes(name));
}

/** sluice must never deliver what is empty, twice, somebody else's or changed; what others do is only told. */
function isWrong({ contestant, result }: Row): boolean {
  if (typeof result === "string" || !contestant.name.startsWith("sluice")) return false;
  return result.empty + result.doubled + result.misdelivered + result.bad > 0;
}

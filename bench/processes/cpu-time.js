// CPU time and memory of processes, and how idle a CPU was, as /proc tells (proc(5)). A process counts with all its
// threads and descendants, because nginx forks and sluice and dnsdist start threads.
import { readdirSync, readFileSync } from "node:fs";

/** CPU nanoseconds so far of a process and its descendants. @param {number} root process id @returns {number} */
export function treeCpuNs(root) {
  return sum(listTree(root), (pid) => sum(listNumbers(`/proc/${pid}/task`), (tid) => threadCpuNs(pid, tid)));
}

/** Resident bytes of a process and its descendants. @param {number} root @returns {number} */
export function treeResidentBytes(root) {
  return sum(listTree(root), (pid) => {
    const match = /^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`));
    return match === null ? 0 : Number(match[1]) * 1024;
  });
}

/**
 * Nanoseconds so far in which a CPU had nothing to do. The kernel counts in hundredths of a second, so take
 * differences over seconds only. @param {number} cpu @returns {number}
 */
export function idleNs(cpu) {
  const line = read("/proc/stat")
    .split("\n")
    .find((text) => text.startsWith(`cpu${cpu} `));
  const [, , , , idle, iowait] = (line ?? "").split(" ").map(Number);
  return (idle + iowait) * 1e7;
}

/** schedstat's first figure is exact; where the kernel keeps none, stat counts in hundredths of a second. */
function threadCpuNs(pid, tid) {
  const exact = read(`/proc/${pid}/task/${tid}/schedstat`);
  if (exact !== "") return Number(exact.split(" ")[0]);
  const fields = afterName(read(`/proc/${pid}/task/${tid}/stat`));
  return fields.length === 0 ? 0 : (Number(fields[11]) + Number(fields[12])) * 1e7;
}

function listTree(root) {
  const parents = new Map(listNumbers("/proc").map((pid) => [pid, parentOf(pid)]));
  const tree = [root];
  for (const pid of tree) {
    for (const [child, parent] of parents) if (parent === pid) tree.push(child);
  }
  return tree;
}

function parentOf(pid) {
  return Number(afterName(read(`/proc/${pid}/stat`))[1] ?? 0);
}

/** The fields of a stat line after the name, which may hold blanks and brackets itself; the first is the state. */
function afterName(stat) {
  return stat === "" ? [] : stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function listNumbers(folder) {
  try {
    return readdirSync(folder)
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return []; // the process has ended meanwhile
  }
}

function read(path) {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

function sum(items, amountOf) {
  return items.reduce((total, item) => total + amountOf(item), 0);
}

// How many descriptors a process that we start may have: a flow is a socket, so this bounds the flows of a row.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

const WANTED = 131_072;

/** What is wanted where we may raise our hard limit (root mostly may), else that limit. @returns {number} */
export function mostDescriptors() {
  if (spawnSync("prlimit", [`--nofile=${WANTED}:${WANTED}`, "true"]).status === 0) return WANTED;
  const hard = /^Max open files\s+\S+\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "latin1"))?.[1];
  return Math.min(WANTED, Number(hard ?? WANTED));
}

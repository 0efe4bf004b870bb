/** How many flows this process can hold, from its limit of open files: a flow costs one descriptor. */
import { readFileSync } from "node:fs";

/** Left for everything that is not a flow: listeners, logs, the runtime itself. */
const RESERVED = 256;
const FEWEST = 64;
const MOST = 262_144;
/** Where the limit cannot be read: what macOS and Windows bear without trouble. */
const UNKNOWN_LIMIT = 10_240;

/** RLIMIT_NOFILE as getrlimit(2) would tell. Node raises the soft limit to the hard one when it starts. */
export function descriptorLimit(limitsFile = "/proc/self/limits"): number {
  try {
    const soft = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync(limitsFile, "utf8"))?.[1];
    return soft === "unlimited" ? MOST : Number(soft ?? UNKNOWN_LIMIT);
  } catch {
    return UNKNOWN_LIMIT;
  }
}

/** The default of `limits.maxFlows`. */
export function defaultMaxFlows(limit: number): number {
  return Math.min(MOST, Math.max(FEWEST, limit - RESERVED));
}

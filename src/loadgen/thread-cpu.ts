/** CPU time of the calling thread alone, which Node 20 does not tell. */
import { readFileSync } from "node:fs";

/** Milliseconds since the thread began, from the first figure of schedstat (proc(5)); NaN when the kernel keeps none. */
export function threadCpuMs(): number {
  try {
    return Number(readFileSync("/proc/thread-self/schedstat", "latin1").split(" ")[0]) / 1e6;
  } catch {
    return Number.NaN;
  }
}

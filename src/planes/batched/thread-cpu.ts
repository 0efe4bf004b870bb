/** Processor time of worker threads, which the main thread reads when somebody asks: the worker only says who it is. */
import { readFileSync, readlinkSync } from "node:fs";

/** The system's number of the calling thread; 0 where there is no /proc. */
export function ownThreadId(): number {
  try {
    return Number(readlinkSync("/proc/thread-self").split("/").at(-1)) || 0;
  } catch {
    return 0;
  }
}

/** Milliseconds on a processor since a thread of this process began: the first figure of schedstat (proc(5)). */
export function threadCpuMs(threadId: number): number | undefined {
  if (threadId === 0) return undefined;
  try {
    return Number(readFileSync(`/proc/self/task/${threadId}/schedstat`, "latin1").split(" ")[0]) / 1e6;
  } catch {
    return undefined;
  }
}

/** `runLoad`: a load from a worker thread, watched from here. Needs Linux. */
import { createLoadMemory, requestStop } from "./load-memory.js";
import { type CompletePlan, completePlan, type LoadPlan } from "./load-options.js";
import { type LoadCounts, type LoadResult, readCounts, readResult } from "./load-result.js";
import { runWorker } from "./run-worker.js";

export interface LoadOptions extends LoadPlan {
  /** Ends the load early; its result then covers the time until then. */
  readonly signal?: AbortSignal;
  /** Called every `progressMs` while the load runs. */
  readonly onProgress?: (progress: LoadProgress) => void;
  /** Milliseconds between calls of `onProgress`. Default 1000. */
  readonly progressMs?: number;
}

export interface LoadProgress {
  readonly elapsedMs: number;
  /** Since the start. */
  readonly counts: LoadCounts;
  /** Since the last progress. */
  readonly requestsPerSecond: number;
  readonly repliesPerSecond: number;
}

/** What `load-worker.ts` is given. */
export interface LoadWorkerData {
  readonly plan: CompletePlan;
  readonly shared: SharedArrayBuffer;
}

const PROGRESS_MS = 1000;

/**
 * Runs a load to its end and answers what came of it.
 * @throws LoadPlanError; SluiceError with code NOT_SUPPORTED where there is no Linux, the name of the errno when a socket
 * cannot be opened.
 */
export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const { signal, onProgress, progressMs = PROGRESS_MS } = options;
  const plan = completePlan(options);
  const memory = createLoadMemory();
  const workerData: LoadWorkerData = { plan, shared: memory.shared };
  const stop = () => requestStop(memory);
  if (signal?.aborted) stop();
  signal?.addEventListener("abort", stop);
  const watch = createProgressWatch(() => readCounts(memory));
  const timer = onProgress && setInterval(() => onProgress(watch()), progressMs);
  try {
    await runWorker("./load-worker.js", workerData).ended;
  } finally {
    clearInterval(timer);
    signal?.removeEventListener("abort", stop);
  }
  return readResult(plan, memory);
}

function createProgressWatch(read: () => LoadCounts): () => LoadProgress {
  const startMs = performance.now();
  let lastMs = startMs;
  let last = read();
  return () => {
    const nowMs = performance.now();
    const counts = read();
    const perSecond = (count: number) => (count / (nowMs - lastMs)) * 1000;
    const progress = {
      elapsedMs: nowMs - startMs,
      counts,
      requestsPerSecond: perSecond(counts.sent - last.sent),
      repliesPerSecond: perSecond(counts.answered - last.answered),
    };
    lastMs = nowMs;
    last = counts;
    return progress;
  };
}

/** Starts a worker thread of this room and turns its end into a promise. */
import { Worker } from "node:worker_threads";
import { SluiceError } from "../core/errors.js";

export interface RunningWorker {
  /** The first message that the worker posts; rejects when it ends without one. */
  readonly firstMessage: Promise<unknown>;
  /** Resolves when the worker has ended by itself; rejects with what it threw. */
  readonly ended: Promise<void>;
}

/** `script` is a module of this room, such as `./load-worker.js`. */
export function runWorker(script: string, workerData: unknown): RunningWorker {
  const worker = new Worker(new URL(script, import.meta.url), { workerData });
  const ended = new Promise<void>((resolve, reject) => {
    worker.once("error", (error: Error & { code?: unknown }) => reject(restoreError(error)));
    worker.once("exit", (code) => {
      if (code === 0) resolve();
      else reject(new SluiceError("WORKER_FAILED", `worker ${script} ended with ${code}`));
    });
  });
  const firstMessage = new Promise<unknown>((resolve, reject) => {
    worker.once("message", resolve);
    ended.then(() => reject(new SluiceError("WORKER_FAILED", `worker ${script} ended early`)), reject);
  });
  // Each is awaited by those who care for it: neither may crash the process as unhandled.
  firstMessage.catch(() => {});
  ended.catch(() => {});
  return { firstMessage, ended };
}

/** An error keeps its message and own fields on its way between threads, but not its class. */
function restoreError(error: Error & { code?: unknown }): Error {
  return typeof error.code === "string"
    ? new SluiceError(error.code, error.message, { cause: error })
    : error;
}

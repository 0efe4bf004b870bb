/** The worker thread of `runLoad`: runs one engine to its end. An error thrown here reaches the main thread. */
import { workerData } from "node:worker_threads";
import { loadLibc } from "../linux/libc.js";
import { openLoadEngine } from "./load-engine.js";
import { createLoadMemory } from "./load-memory.js";
import type { LoadWorkerData } from "./run-load.js";

const { plan, shared } = workerData as LoadWorkerData;
const libc = loadLibc();
// Replies are timed in microseconds: the default slack of 50 would show in every one.
libc.setTimerSlack(1);
const engine = openLoadEngine(libc, plan, createLoadMemory(shared));
try {
  engine.run();
} finally {
  engine.close();
}

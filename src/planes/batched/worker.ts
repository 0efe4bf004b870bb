/** The worker thread's entry: loads the C library for this thread and runs the engine until it is told to stop. */
import { workerData } from "node:worker_threads";
import { loadLibc } from "../../linux/libc.js";
import { Engine } from "./engine.js";
import type { WorkerSetup } from "./messages.js";

new Engine(loadLibc(), workerData as WorkerSetup).run();

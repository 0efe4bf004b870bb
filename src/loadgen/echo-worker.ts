/** The worker thread of `openEchoServer`: posts the addresses bound, then echoes until it is asked to stop. */
import { parentPort, workerData } from "node:worker_threads";
import { loadLibc } from "../linux/libc.js";
import { openEchoEngine } from "./echo-engine.js";
import type { EchoWorkerData, EchoWorkerMessage } from "./echo-server.js";

const { plan, stop, counts } = workerData as EchoWorkerData;
const flag = new Int32Array(stop);
const engine = openEchoEngine(loadLibc(), plan, new Float64Array(counts));
try {
  const message: EchoWorkerMessage = { ports: engine.localAddresses().map((address) => address.port) };
  parentPort?.postMessage(message);
  engine.run(() => Atomics.load(flag, 0) !== 0);
} finally {
  engine.close();
}

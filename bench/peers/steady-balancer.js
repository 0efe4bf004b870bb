// A balancer that tells how large its heaps are. node steady-balancer.js LISTEN BACKEND...
// On `memory` over IPC it answers the live bytes of the main thread's heap and of each worker's. A heap snapshot is
// what makes V8 collect its garbage first, in a worker too, where nothing else can ask while the engine runs.
import { getHeapSnapshot } from "node:v8";
import { createBalancer } from "sluice";

const [listen, ...backends] = process.argv.slice(2);
const workers = [];
let isFirst = true;
process.on("worker", (worker) => workers.push(worker));
const balancer = await createBalancer({
  listen,
  backends,
  affinity: "client",
  plane: "batched",
  workers: 1,
  grace: "0s",
});

process.on("disconnect", () => process.exit());
process.on("SIGTERM", () => balancer.close({ graceMs: 0 }).then(() => process.exit()));
process.on("message", () => {
  readMemory().then(
    (answer) => process.send(answer),
    (error) => process.send({ error: error.message }),
  );
});

/** Resident bytes are read on both sides of the snapshots, which leave memory of their own behind. */
async function readMemory() {
  const residentBefore = process.memoryUsage.rss();
  if (isFirst) await readHeaps(); // what the first reading leaves behind is not the balancer's
  isFirst = false;
  const [main, ...others] = await readHeaps();
  return { residentBefore, residentAfter: process.memoryUsage.rss(), main, workers: others };
}

/** Live bytes of the main thread's heap, then of each worker's. */
async function readHeaps() {
  const heaps = [await liveBytes(getHeapSnapshot())];
  for (const worker of workers) heaps.push(await liveBytes(await worker.getHeapSnapshot()));
  return heaps;
}

/** The bytes of all objects of a snapshot, which is one long JSON text with a flat list of numbers for each object. */
async function liveBytes(stream) {
  let text = "";
  for await (const chunk of stream.setEncoding("utf8")) text += chunk;
  const { snapshot, nodes } = JSON.parse(text);
  const fields = snapshot.meta.node_fields;
  const size = fields.indexOf("self_size");
  let bytes = 0;
  for (let node = 0; node < nodes.length; node += fields.length) bytes += nodes[node + size];
  return bytes;
}

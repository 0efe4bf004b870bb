// The test bed, a process of its own: the backends, the load generator, and the samples of everybody's CPU time, taken
// in one go with the generator's counts so that both cover the same time. Started by `open-bed.js`; talks over IPC.
import { parseEndpoint } from "#src/core/address.js";
import { openEchoServer } from "#src/loadgen/echo-server.js";
import { runLoad } from "#src/loadgen/run-load.js";
import { idleNs, treeCpuNs, treeResidentBytes } from "./cpu-time.js";

/** How often it is looked whether the time to measure has begun or ended. */
const WATCH_MS = 20;
/** A load is ended from here; its own end comes later, in case we are kept from it. */
const MARGIN_MS = 60_000;

let servers;

const handlers = {
  async open({ backends, gso, dns, sink }) {
    servers = await openEchoServer({ addresses: backends.map(parseEndpoint), tag: true, gso, dns, sink });
    return {};
  },
  load: measureLoad,
};

process.on("disconnect", () => process.exit());
process.on("message", (message) => {
  handlers[message.type](message).then(
    (answer) => process.send(answer),
    (error) => process.send({ error: error.message }),
  );
});

/**
 * Runs one load: `warmupMs`, then `durationMs`, or until there were `datagrams` of them. Answers the two samples
 * between which is what counts, and the generator's result.
 */
async function measureLoad({ plan, target, warmupMs, durationMs, datagrams, balancerPid, cpus }) {
  const end = new AbortController();
  let beginMs; // opening thousands of sockets takes a while: time counts from the first datagram
  let first;
  let last;
  const watch = ({ elapsedMs, counts }) => {
    if (counts.sent > 0) beginMs ??= elapsedMs;
    if (last !== undefined || !(elapsedMs >= beginMs + warmupMs)) return;
    first ??= takeSample(counts, balancerPid, cpus);
    const passed = 2 * (counts.answered - first.counts.answered);
    const isOver =
      datagrams === undefined ? elapsedMs >= beginMs + warmupMs + durationMs : passed >= datagrams;
    if (!isOver) return;
    last = takeSample(counts, balancerPid, cpus);
    end.abort();
  };
  const load = { ...plan, target: parseEndpoint(target), warmupMs, durationMs: durationMs + MARGIN_MS };
  const result = await runLoad({ ...load, signal: end.signal, onProgress: watch, progressMs: WATCH_MS });
  if (last === undefined) throw new Error("the load ended before it was measured");
  const { plan: _plan, histogram: _histogram, ...figures } = result;
  return { first, last, result: figures };
}

function takeSample(counts, balancerPid, cpus) {
  return {
    atMs: performance.now(),
    counts,
    received: servers.counts(),
    balancerNs: treeCpuNs(balancerPid),
    bedNs: treeCpuNs(process.pid),
    idleNs: cpus.map(idleNs),
    residentBytes: treeResidentBytes(balancerPid),
  };
}

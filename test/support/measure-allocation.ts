/**
 * A program that tests start with `--expose-gc` and a young generation so large that nothing is collected meanwhile:
 * prints how many bytes of heap a datagram takes, on every path of the forwarder that known flows use. Times are whole
 * numbers: a fraction is put on the heap by whoever passes it, which is not the forwarder.
 */

import * as R from "#src/core/flow-record.js";
import { ForwarderRig } from "#src/core/forwarder-rig.testing.js";
import { type Affinity, POLICIES } from "#src/core/snapshot.js";
import { buildListener, buildPool, CLIENT, CLIENT_IP } from "#src/core/snapshot-builder.testing.js";

const CLIENTS = 64;
const ROUNDS = 5;
const EXCHANGES = 400_000;
const ROUND_MS = EXCHANGES / 100;
const NONE: Affinity = { kind: "none" };

/** Request and reply of each client in turn, with 100 exchanges in a millisecond. */
function exchange(rig: ForwarderRig, startMs: number, count: number): void {
  const { forwarder } = rig;
  for (let i = 0; i < count; i++) {
    const { key } = forwarder;
    key[0] = key[1] = 0;
    key[2] = 0xffff;
    key[3] = 0xc0000200 + (i % CLIENTS);
    key[R.KEY_SCOPE] = 0;
    key[R.KEY_PORT] = 4000;
    const nowMs = startMs + ((i / 100) | 0);
    const flow = forwarder.fromClient(0, 100, nowMs);
    forwarder.fromBackend(flow, 50, nowMs);
  }
}

/** The least of several rounds: the first ones run code that is not compiled for good yet. */
function bytesADatagram(rig: ForwarderRig): number {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    exchange(rig, round * ROUND_MS, EXCHANGES);
    least = Math.min(least, (process.memoryUsage().heapUsed - before) / (2 * EXCHANGES));
  }
  return least;
}

for (const affinity of [NONE, CLIENT, CLIENT_IP]) {
  for (const policy of POLICIES) {
    const listeners = [buildListener({ session: { idleTimeoutMs: 8000 } })];
    const rig = new ForwarderRig(
      { listeners, pools: [buildPool({ policy, affinity })] },
      { random: () => 0.25 },
    );
    console.log(JSON.stringify({ affinity: affinity.kind, policy, bytes: bytesADatagram(rig) }));
  }
}

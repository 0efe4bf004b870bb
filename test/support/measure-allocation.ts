/**
 * A program that tests start with `--expose-gc` and a young generation so large that nothing is collected meanwhile:
 * prints how many bytes of heap a datagram takes, on every path of the forwarder that known flows use.
 */

import * as R from "#src/core/flow-record.js";
import { ForwarderRig } from "#src/core/forwarder-rig.testing.js";
import { type Affinity, POLICIES } from "#src/core/snapshot.js";
import { buildListener, buildPool, CLIENT, CLIENT_IP } from "#src/core/snapshot-builder.testing.js";

const CLIENTS = 64;
const DATAGRAMS = 1_000_000;
const NONE: Affinity = { kind: "none" };

/** Request and reply of a client in turn; times with fractions, as a plane's clock gives them. */
function exchange(rig: ForwarderRig, times: Float64Array, count: number): void {
  const { forwarder } = rig;
  for (let i = 0; i < count; i++) {
    const { key } = forwarder;
    key[0] = key[1] = 0;
    key[2] = 0xffff;
    key[3] = 0xc0000200 + (i % CLIENTS);
    key[R.KEY_SCOPE] = 0;
    key[R.KEY_PORT] = 4000;
    times[0] += 0.01;
    const flow = forwarder.fromClient(0, 100, times[0]);
    forwarder.fromBackend(flow, 50, times[0]);
  }
}

function bytesADatagram(rig: ForwarderRig): number {
  const times = new Float64Array(1);
  exchange(rig, times, DATAGRAMS);
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  exchange(rig, times, DATAGRAMS);
  return (process.memoryUsage().heapUsed - before) / (2 * DATAGRAMS);
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

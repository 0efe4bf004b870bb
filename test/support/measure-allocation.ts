/**
 * A program that tests start with `HEAP_FLAGS`: prints how many bytes of heap a datagram takes, on every path of the
 * forwarder that known flows use. Times are whole numbers: a fraction is put on the heap by whoever passes it, which is
 * not the forwarder.
 */

import { parsePrefix } from "#src/core/address.js";
import * as R from "#src/core/flow-record.js";
import { ForwarderRig } from "#src/core/forwarder-rig.testing.js";
import { createPrefixSet } from "#src/core/guard/prefix-set.js";
import { type Affinity, type GuardRates, POLICIES } from "#src/core/snapshot.js";
import { buildListener, buildPool, CLIENT, CLIENT_IP } from "#src/core/snapshot-builder.testing.js";
import { bytesEach } from "./heap-growth.js";

const CLIENTS = 64;
const EXCHANGES = 400_000;
const ROUND_MS = EXCHANGES / 100;
const NONE: Affinity = { kind: "none" };

/** Request and reply of each client in turn, with 100 exchanges in a millisecond. */
function exchange(rig: ForwarderRig, clients: number, startMs: number, count: number): void {
  const { forwarder } = rig;
  for (let i = 0; i < count; i++) {
    const { key } = forwarder;
    key[0] = key[1] = 0;
    key[2] = 0xffff;
    key[3] = 0xc0000200 + (i % clients);
    key[R.KEY_SCOPE] = 0;
    key[R.KEY_PORT] = 4000;
    const nowMs = startMs + ((i / 100) | 0);
    const flow = forwarder.fromClient(0, 100, nowMs);
    if (flow >= 0) forwarder.fromBackend(flow, 50, nowMs);
  }
}

function bytesADatagram(rig: ForwarderRig, clients = CLIENTS): number {
  return bytesEach(2 * EXCHANGES, (round) => exchange(rig, clients, round * ROUND_MS, EXCHANGES));
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

/** A hundred thousand datagrams a second from all clients together. */
function guardedRig(perClient: Partial<GuardRates>, deny = "198.51.100.0/24"): ForwarderRig {
  const rates = { prefix4: 32, prefix6: 64, datagramsPerS: 0, bytesPerS: 0, newFlowsPerS: 0, burstMs: 1000 };
  const guard = {
    prefixes: createPrefixSet([[parsePrefix(deny)], [], []]),
    allowOnly: false,
    perClient: { ...rates, ...perClient },
    perNetwork: { ...rates, prefix4: 0, datagramsPerS: 1_000_000, bytesPerS: 1_000_000_000 },
    amplification: 3,
    maxTracked: 4096,
  };
  const listeners = [buildListener({ session: { idleTimeoutMs: 8000 }, guard })];
  return new ForwarderRig({ listeners, pools: [buildPool({ affinity: CLIENT })] });
}

const GUARDED: readonly (readonly [guard: string, rig: ForwarderRig, clients: number])[] = [
  ["passes", guardedRig({ datagramsPerS: 10_000, bytesPerS: 1_000_000 }), CLIENTS],
  ["drops most for their rate", guardedRig({ datagramsPerS: 10 }), CLIENTS],
  ["drops new flows of ever new clients", guardedRig({ prefix4: 8, newFlowsPerS: 1 }), 100_000],
  ["denies", guardedRig({ datagramsPerS: 10 }, "192.0.0.0/8"), CLIENTS],
];
for (const [guard, rig, clients] of GUARDED) {
  console.log(JSON.stringify({ guard, bytes: bytesADatagram(rig, clients) }));
}

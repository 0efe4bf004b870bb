/**
 * Checks of addresses across a config and against those of this machine: listeners that cannot be open together, double
 * backends, backends at a broadcast address, and loops.
 */
import { type Endpoint, endpointEquals, isWildcard } from "../core/address.js";
import type { Finding } from "./check-names.js";
import type { Draft, DraftEntry, DraftListener, DraftPool } from "./draft.js";
import { quote } from "./key-path.js";
import { LoopGraph } from "./loop-graph.js";
import type { OwnAddresses } from "./own-addresses.js";
import { whyNoServer } from "./server-address.js";

type ListenerAddress = Pick<DraftListener, "address" | "ipv6Only">;

/** Finds listeners with equal or overlapping addresses, equal backends within a pool, and backends that cannot be sent to. */
export function checkAddresses(draft: Draft, own: OwnAddresses): Finding[] {
  return [
    ...overlappingListeners(draft.listeners),
    ...draft.pools.flatMap((pool) => duplicateBackends(pool.backends)),
    ...draft.pools.flatMap((pool) => broadcastBackends(pool.backends, own)),
    ...findLoops(draft, own),
  ];
}

function overlappingListeners(listeners: readonly DraftListener[]): Finding[] {
  const findings: Finding[] = [];
  for (const [i, listener] of listeners.entries()) {
    for (const earlier of listeners.slice(0, i)) {
      const message = describeOverlap(listener, earlier);
      if (message !== undefined) {
        findings.push({ path: listener.addressPath, message });
        break;
      }
    }
  }
  return findings;
}

function describeOverlap(listener: DraftListener, earlier: DraftListener): string | undefined {
  const a = listener.address;
  const b = earlier.address;
  if (a === undefined || b === undefined || a.port !== b.port || a.port === 0) return undefined;
  const other = `the listener on ${quote(earlier.addressText ?? "")}`;
  if (endpointEquals(a, b)) return `the same as ${other}, expected another address or port`;
  if (covers(listener, b) || covers(earlier, a)) {
    const dual = [listener, earlier].find((one) => isDualStack(one));
    if (dual !== undefined && a.ip.family !== b.ip.family) {
      return `overlaps ${other}: [::] takes IPv4 too, expected ipv6Only: true for ${quote(dual.addressText ?? "")}`;
    }
    return `overlaps ${other}: a wildcard takes every address, expected another port`;
  }
  return undefined;
}

/** Whether the listener receives what is sent to this endpoint because it listens on a wildcard. */
function covers(listener: ListenerAddress, { ip, port }: Endpoint): boolean {
  const own = listener.address;
  if (own === undefined || own.port !== port || !isWildcard(own.ip)) return false;
  return own.ip.family === ip.family || isDualStack(listener);
}

function isDualStack({ address, ipv6Only }: ListenerAddress): boolean {
  return address !== undefined && address.ip.family === 6 && isWildcard(address.ip) && !ipv6Only;
}

function duplicateBackends(backends: readonly DraftEntry[]): Finding[] {
  const seen = new Map<string, DraftEntry>();
  const findings: Finding[] = [];
  for (const backend of backends) {
    if (backend.address === undefined) continue;
    const { words, zone } = backend.address.ip;
    const key = `${words.join()},${zone},${backend.address.port}`;
    const first = seen.get(key);
    if (first === undefined) seen.set(key, backend);
    else findings.push({ path: backend.addressPath, message: duplicateMessage(backend, first) });
  }
  return findings;
}

function duplicateMessage(backend: DraftEntry, first: DraftEntry): string {
  const same = backend.addressText === first.addressText ? "" : ` as ${quote(first.addressText ?? "")}`;
  return `${quote(backend.addressText ?? "")} is already in this pool${same}, expected each address once`;
}

/** The schema refuses what is no server on any machine; here those that are none on this one. */
function broadcastBackends(backends: readonly DraftEntry[], own: OwnAddresses): Finding[] {
  return backends.flatMap(({ address, addressText, addressPath }) => {
    if (address === undefined || whyNoServer(address.ip) !== undefined) return [];
    const why = whyNoServer(address.ip, own);
    const found = `found ${quote(addressText ?? "")}, expected the address of one server`;
    return why === undefined ? [] : [{ path: addressPath, message: `${found}: ${why}` }];
  });
}

/** Every backend that is a part of a loop: its datagrams would come back for ever. */
function findLoops({ listeners, pools }: Draft, own: OwnAddresses): Finding[] {
  const graph = new LoopGraph(
    listeners.flatMap((listener) => {
      const { address, addressText = "", ipv6Only } = listener;
      const pool = poolNumber(listener, pools);
      return address === undefined || pool < 0
        ? []
        : [{ address, addressText, ipv6Only, pool: String(pool) }];
    }),
    own,
  );
  const all = pools.flatMap(({ backends }, pool) =>
    backends.map((backend) => ({ pool: String(pool), backend })),
  );
  for (const { pool, backend } of all) if (backend.address !== undefined) graph.add(pool, backend.address);
  return all.flatMap(({ pool, backend: { address, addressText, addressPath } }) => {
    const why = address && graph.whyLoop(pool, address);
    const message = `${quote(addressText ?? "")} ${why}, expected the address of a server`;
    return why === undefined ? [] : [{ path: addressPath, message }];
  });
}

/** -1 where it is not clear, which other checks report. */
function poolNumber({ hasPool, pool }: DraftListener, pools: readonly DraftPool[]): number {
  if (!hasPool) return pools.length === 1 ? 0 : -1;
  return pools.findIndex(({ name }) => name !== undefined && name === pool);
}

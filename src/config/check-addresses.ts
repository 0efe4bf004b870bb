/** Checks of addresses across a config: listeners that cannot be open together, double backends, and loops. */
import { type Endpoint, endpointEquals, isLoopback, isWildcard } from "../core/address.js";
import type { Finding } from "./check-names.js";
import type { Draft, DraftEntry, DraftListener, DraftPool } from "./draft.js";
import { quote } from "./key-path.js";

type ListenerAddress = Pick<DraftListener, "address" | "ipv6Only">;

/** Finds listeners with equal or overlapping addresses, equal backends within a pool, and loops. */
export function checkAddresses(draft: Draft): Finding[] {
  return [
    ...overlappingListeners(draft.listeners),
    ...draft.pools.flatMap((pool) => duplicateBackends(pool.backends)),
    ...draft.listeners.flatMap((listener) => findLoops(listener, draft.pools)),
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

/** A backend that is the listener itself would get its own datagrams for ever. */
function findLoops(listener: DraftListener, pools: readonly DraftPool[]): Finding[] {
  const pool = listener.hasPool ? pools.find(({ name }) => name === listener.pool) : pools[0];
  const own = listener.address;
  if (pool === undefined || own === undefined || own.port === 0) return [];
  if (!listener.hasPool && pools.length > 1) return [];
  return pool.backends
    .filter(({ address }) => address !== undefined && reachesListener(listener, address))
    .map(({ addressText, addressPath }) => ({
      path: addressPath,
      message: `${quote(addressText ?? "")} is a listener of this pool and would get its own datagrams for ever, expected the address of a server`,
    }));
}

/** Whether what is sent to this endpoint comes to the listener, as far as the config tells. */
export function reachesListener(listener: ListenerAddress, endpoint: Endpoint): boolean {
  const own = listener.address;
  if (own === undefined || own.port === 0) return false;
  return endpointEquals(own, endpoint) || (isLoopback(endpoint.ip) && covers(listener, endpoint));
}

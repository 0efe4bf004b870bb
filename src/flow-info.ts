/** Live flows as users see them: slots become names, and back in what users ask for. */
import type { FlowFilter, FlowInfo } from "./api.js";
import { AddressError, parsePrefix } from "./core/address.js";
import { parseClient } from "./core/client-address.js";
import { SluiceError } from "./core/errors.js";
import { formatFlowId, parseFlowId } from "./core/flow-id.js";
import type { ClientMatch, FlowQuery, ListedFlow } from "./core/list-flows.js";
import type { Snapshot } from "./core/snapshot.js";

/** A flow whose backend or listener has left the config keeps the name "(removed)". */
const REMOVED = "(removed)";
const DEFAULT_LIMIT = 1000;
const ADDRESS_BITS = 128;
/** The bits of the word form that come before those of an IPv4 address. */
const MAPPED_BITS = 96;

export function listFlowInfo(flows: readonly ListedFlow[], snapshot: Snapshot): FlowInfo[] {
  const listeners = new Map(snapshot.listeners.map(({ slot, name }) => [slot, name]));
  const backends = new Map(
    snapshot.pools.flatMap((pool) =>
      pool.backends.map((backend) => [backend.slot, { pool: pool.name, name: backend.name }] as const),
    ),
  );
  return flows.map((flow) => ({
    id: formatFlowId(flow.id),
    client: flow.client,
    listener: listeners.get(flow.listenerSlot) ?? REMOVED,
    pool: backends.get(flow.backendSlot)?.pool ?? REMOVED,
    backend: backends.get(flow.backendSlot)?.name ?? REMOVED,
    requests: { datagrams: flow.requests, bytes: flow.requestBytes },
    replies: { datagrams: flow.replies, bytes: flow.replyBytes },
    ageMs: flow.ageMs,
    idleMs: flow.idleMs,
    open: flow.open,
  }));
}

/**
 * A filter by names as one by slots. A name that nobody has matches no flow.
 * @throws SluiceError with code `ARGUMENT_INVALID`
 */
export function createFlowQuery(filter: FlowFilter, snapshot: Snapshot): FlowQuery {
  const { limit = DEFAULT_LIMIT, client, listener, pool, backend, after } = filter;
  if (Number.isNaN(limit) || limit < 0) {
    throw new SluiceError("ARGUMENT_INVALID", `limit: found ${limit}, expected a number from 0 up`);
  }
  return {
    limit,
    ...(client !== undefined && { client: parseClientMatch(client) }),
    ...(listener !== undefined && { listeners: listenerSlots(snapshot, listener) }),
    ...((pool !== undefined || backend !== undefined) && {
      backends: backendSlots(snapshot, pool, backend),
    }),
    ...(after !== undefined && { after: parseFlowId(after) }),
  };
}

/**
 * An address, an address and port, or a prefix.
 * @throws SluiceError with code `ARGUMENT_INVALID`
 */
export function parseClientMatch(text: string): ClientMatch {
  try {
    if (text.includes("/")) {
      const { ip, length } = parsePrefix(text);
      return { words: ip.words, bits: ip.family === 4 ? MAPPED_BITS + length : length, port: undefined };
    }
    const { ip, port } = parseClient(text);
    return { words: ip.words, bits: ADDRESS_BITS, port };
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    throw new SluiceError("ARGUMENT_INVALID", `client: ${error.message}`, { cause: error });
  }
}

function listenerSlots({ listeners }: Snapshot, wanted: string): Set<number> {
  return new Set(listeners.filter(({ name }) => name === wanted).map(({ slot }) => slot));
}

function backendSlots(
  { pools }: Snapshot,
  wantedPool: string | undefined,
  wanted: string | undefined,
): Set<number> {
  const inPool = pools.filter(({ name }) => wantedPool === undefined || name === wantedPool);
  return new Set(
    inPool.flatMap((pool) =>
      pool.backends
        .filter(({ name }) => wanted === undefined || wanted === name || wanted === `${pool.name}/${name}`)
        .map(({ slot }) => slot),
    ),
  );
}

/** Live flows as users see them: slots become names. */
import type { FlowInfo } from "./api.js";
import type { ListedFlow } from "./core/list-flows.js";
import type { Snapshot } from "./core/snapshot.js";

/** A flow whose backend or listener has left the config keeps the name "(removed)". */
const REMOVED = "(removed)";

export function listFlowInfo(flows: readonly ListedFlow[], snapshot: Snapshot): FlowInfo[] {
  const listeners = new Map(snapshot.listeners.map(({ slot, name }) => [slot, name]));
  const backends = new Map(
    snapshot.pools.flatMap((pool) =>
      pool.backends.map((backend) => [backend.slot, { pool: pool.name, name: backend.name }] as const),
    ),
  );
  return flows.map((flow) => ({
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

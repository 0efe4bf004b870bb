/** What a reload with another config would do, worked out without doing it: `Balancer.plan`. */
import { isDeepStrictEqual } from "node:util";
import type { ConfigPlan } from "./api.js";
import type { Config } from "./config/config.js";
import { diffConfigs } from "./config/diff.js";
import type { FlowPlace } from "./core/list-flows.js";
import { DROP, KEEP, KEEP_ANSWERED, type Routing, weightedCandidatesOf } from "./core/routing.js";
import type { PoolEntry, Snapshot } from "./core/snapshot.js";
import { reasonNumber } from "./core/verdict.js";

/** A config with what it compiles to. */
export interface Compiled {
  readonly config: Config;
  readonly snapshot: Snapshot;
  readonly routing: Routing;
}

const DRAINING = reasonNumber("backend_draining");
const KEYS = 100_000;
const SEED = 0x9e3779b9;

/** @param places where the live flows are now */
export function createPlan(
  now: Compiled,
  next: Compiled,
  places: readonly FlowPlace[],
  plane: string,
): ConfigPlan {
  return {
    ...diffConfigs(now.config, next.config),
    flows: planFlows(next, places),
    keys: next.snapshot.pools.map((pool) => ({ pool: pool.name, share: shareOfKeys(pool, now, next) })),
    restartNeeded: restartNeeded(now, next, plane),
  };
}

function planFlows(next: Compiled, places: readonly FlowPlace[]): ConfigPlan["flows"] {
  const flows = { live: 0, kept: 0, moved: 0, ended: 0 };
  for (const place of places) {
    flows.live += place.bound + place.others;
    const isGone = next.routing.routes[place.listenerSlot] === undefined;
    flows[isGone ? "ended" : "kept"] += place.others;
    flows[fateOf(place, next.routing)] += place.bound;
  }
  return flows;
}

/** Of the open flows of whole clients at one place: as `Forwarder#follow` has it for their next datagrams. */
function fateOf({ listenerSlot, backendSlot }: FlowPlace, routing: Routing): "kept" | "moved" | "ended" {
  const route = routing.routes[listenerSlot];
  if (route === undefined) return "ended";
  const inPool = routing.poolOf[backendSlot] === route.poolSlot;
  const action = inPool ? routing.actions[backendSlot] : route.removedAction;
  if (action === KEEP || action === KEEP_ANSWERED) return "kept";
  if (action === DROP) return "ended";
  if (route.policy.choose(0) >= 0) return "moved";
  return inPool && routing.reasons[backendSlot] === DRAINING ? "kept" : "ended";
}

/** The part of seeded random keys that a consistent policy sends elsewhere; undefined where one of both is not consistent. */
function shareOfKeys(pool: PoolEntry, now: Compiled, next: Compiled): number | undefined {
  const before = now.snapshot.pools.find(({ slot }) => slot === pool.slot);
  if (pool.policy !== "maglev" || before?.policy !== "maglev") return undefined;
  const isSameTable = before.maglevTableSize === pool.maglevTableSize;
  if (isSameTable && isDeepStrictEqual(weightedCandidatesOf(before), weightedCandidatesOf(pool))) return 0;
  const was = now.routing.policies.get(pool.slot);
  const is = next.routing.policies.get(pool.slot);
  let elsewhere = 0;
  for (let key = 0, state = SEED; key < KEYS; key++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    const hash = Math.imul(state ^ (state >>> 15), 0x85ebca6b);
    if (was?.choose(hash) !== is?.choose(hash)) elsewhere++;
  }
  return elsewhere / KEYS;
}

/** Keys that only a restart puts in force. */
function restartNeeded(now: Compiled, next: Compiled, plane: string): string[] {
  const keys = (["plane", "workers"] as const).filter((key) => now.config[key] !== next.config[key]);
  if (plane === "portable") return keys;
  const bound = new Map(now.snapshot.listeners.map((listener) => [listener.slot, listener.ipv6Only]));
  const listeners = next.snapshot.listeners.flatMap(({ slot, ipv6Only }, i) =>
    bound.has(slot) && bound.get(slot) !== ipv6Only ? [`listeners[${i}].ipv6Only`] : [],
  );
  return [...keys, ...listeners];
}

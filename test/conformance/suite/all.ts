/** Conformance suite: everything that a plane has to do, by area. */
import { defineAffinity } from "./affinity.js";
import { defineBackendChanges } from "./backend-changes.js";
import { defineFamilies } from "./families.js";
import { defineFigures } from "./figures.js";
import { defineFlowLog } from "./flow-log.js";
import { defineGuard } from "./guard.js";
import { defineHealth } from "./health.js";
import { defineHostile } from "./hostile.js";
import { defineKilledBackend } from "./killed-backend.js";
import { defineLateReplies } from "./late-replies.js";
import { defineLifecycle } from "./lifecycle.js";
import { defineLimits } from "./limits.js";
import { defineOperator } from "./operator.js";
import type { PlaneUnderTest } from "./plane-under-test.js";
import { definePolicies } from "./policies.js";
import { defineReload } from "./reload.js";
import { defineRestAfterHandover } from "./rest-after-handover.js";
import { defineSession } from "./session.js";
import { defineSilence } from "./silence.js";
import { defineSizes } from "./sizes.js";
import { defineStates } from "./states.js";
import { defineTaps } from "./taps.js";
import { defineTurns } from "./turns.js";
import { defineUnanswered } from "./unanswered.js";
import { defineUnreachable } from "./unreachable.js";

/** By area: on each plane a file for each, so that they run side by side. */
const AREAS = {
  flows: [
    defineTurns,
    defineAffinity,
    definePolicies,
    defineSession,
    defineLateReplies,
    defineLimits,
    defineGuard,
  ],
  changes: [
    ...[defineBackendChanges, defineReload, defineLifecycle],
    ...[defineFigures, defineOperator, defineFlowLog, defineTaps],
  ],
  failures: [
    ...[defineSizes, defineFamilies, defineHostile],
    ...[defineUnreachable, defineHealth, defineUnanswered],
  ],
  states: [defineStates, defineSilence, defineRestAfterHandover],
  kills: [defineKilledBackend],
} satisfies Record<string, ((plane: PlaneUnderTest) => void)[]>;

export function defineAreas(plane: PlaneUnderTest, ...areas: (keyof typeof AREAS)[]): void {
  for (const area of areas) for (const define of AREAS[area]) define(plane);
}

/** Everything that a plane has to do, by topic. */
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
import { defineSession } from "./session.js";
import { defineSizes } from "./sizes.js";
import { defineStates } from "./states.js";
import { defineTaps } from "./taps.js";
import { defineTurns } from "./turns.js";
import { defineUnanswered } from "./unanswered.js";
import { defineUnreachable } from "./unreachable.js";

export function defineAll(plane: PlaneUnderTest): void {
  defineTurns(plane);
  defineAffinity(plane);
  definePolicies(plane);
  defineSession(plane);
  defineLateReplies(plane);
  defineLimits(plane);
  defineGuard(plane);
  defineBackendChanges(plane);
  defineReload(plane);
  defineSizes(plane);
  defineFamilies(plane);
  defineUnreachable(plane);
  defineHealth(plane);
  defineStates(plane);
  defineKilledBackend(plane);
  defineUnanswered(plane);
  defineFigures(plane);
  defineOperator(plane);
  defineFlowLog(plane);
  defineTaps(plane);
  defineLifecycle(plane);
  defineHostile(plane);
}

/** Who changed what: the `operator` event. */
import type { EventEmitter } from "node:events";
import type { Actor, OperatorAction } from "./api.js";

/** Who calls without saying so: the program that embeds the balancer. */
const PROGRAM: Actor = { by: "program" };

/** Tells of a change that has happened. */
export type TellOperator = (
  action: OperatorAction["action"],
  target: string,
  detail: string,
  actor: Actor | undefined,
) => void;

export function createTellOperator(events: EventEmitter): TellOperator {
  return (action, target, detail, actor = PROGRAM) => {
    const told: OperatorAction = { action, target, by: actor.by, from: actor.from, detail };
    events.emit("operator", told);
  };
}

/** A backend's state in a word or two: what the operator wants of it, and what its health is. */
import type { BackendView } from "../../admin/schemas.js";
import { type HealthState, isWell } from "../../core/health-state.js";
import { formatPart } from "./figures.js";
import type { Style } from "./style.js";

/** A newer balancer may have words that are not here. */
export const HEALTH_STYLES: Readonly<Partial<Record<string, Style>>> = {
  failing: "red",
  down: "red",
  ejected: "red",
  "half-open": "yellow",
  untried: "cyan",
  up: "green",
} satisfies Record<HealthState, Style>;

export type BackendState = Pick<BackendView, "admin" | "health" | "share">;

/** `up`, `down`, `half-open 10 %`, `up 25 %` in a slow start, `draining`, `disabled`, `draining, down`. */
export function formatBackendState(backend: BackendState): { readonly text: string; readonly style: Style } {
  const { admin, health, share } = backend;
  const words = [
    ...(admin === "enabled" ? [] : [admin]),
    ...(admin !== "enabled" && isWell(health as HealthState) ? [] : [health]),
  ];
  const part = share < 1 && admin === "enabled" ? ` ${formatPart(share)}` : "";
  return { text: `${words.join(", ")}${part}`, style: styleOf(backend) };
}

function styleOf({ admin, health, share }: BackendState): Style {
  if (admin !== "enabled" || share < 1) return HEALTH_STYLES[health] === "red" ? "red" : "yellow";
  return HEALTH_STYLES[health] ?? "yellow";
}

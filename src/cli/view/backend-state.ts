/** A backend's state in a word or two: what the operator wants of it, and what its health is. */
import type { BackendView } from "../../admin/schemas.js";
import { formatPart } from "./figures.js";
import type { Style } from "./style.js";

export type BackendState = Pick<BackendView, "admin" | "health" | "share">;

/** `up`, `down`, `up 25 %` on trial or in a slow start, `draining`, `disabled`, `draining, down`. */
export function formatBackendState(backend: BackendState): { readonly text: string; readonly style: Style } {
  const { admin, health, share } = backend;
  const words = [
    ...(admin === "enabled" ? [] : [admin]),
    ...(admin !== "enabled" && health === "up" ? [] : [health]),
  ];
  const part = share < 1 && health === "up" && admin === "enabled" ? ` ${formatPart(share)}` : "";
  return { text: `${words.join(", ")}${part}`, style: styleOf(backend) };
}

function styleOf({ admin, health, share }: BackendState): Style {
  if (health === "down") return "red";
  return admin === "enabled" && share >= 1 ? "green" : "yellow";
}

/** Picks the plane to run on, and says why each better one was refused. */
import type { Plane, PlaneContext } from "./plane.js";

export type PlaneChoice = "auto" | "portable";

export interface SelectedPlane {
  readonly plane: Plane;
  /** One line for each better plane: why it does not run. */
  readonly notes: readonly string[];
}

export async function selectPlane(_choice: PlaneChoice, context: PlaneContext): Promise<SelectedPlane> {
  const { PortablePlane } = await import("./portable/portable-plane.js");
  return { plane: new PortablePlane(context), notes: [] };
}

/** Starting on the plane that a config asks for, or on the next best where that turns out not to run. */
import { NotSupportedError } from "./core/errors.js";
import type { Plane, PlaneContext } from "./planes/plane.js";
import { type PlaneChoice, type SelectedPlane, selectPlane } from "./planes/select.js";

/**
 * @param open gives the plane to run on, whatever the choice; undefined to choose
 * @param start closes the plane where it fails
 * @throws NotSupportedError when a plane was asked for by name and cannot run, and what `start` throws
 */
export async function startOnPlane<T>(
  choice: PlaneChoice,
  context: PlaneContext,
  open: ((context: PlaneContext) => Plane) | undefined,
  start: (selected: SelectedPlane) => Promise<T>,
): Promise<T> {
  if (open !== undefined) return start({ plane: open(context), notes: [] });
  const selected = await selectPlane(choice, context);
  try {
    return await start(selected);
  } catch (error) {
    if (choice !== "auto" || !(error instanceof NotSupportedError)) throw error;
    // It looked as if the better plane could run, and it cannot.
    const fallback = await selectPlane("portable", context);
    const notes = [...selected.notes, `${selected.plane.name} plane: ${error.message}`];
    return start({ ...fallback, notes });
  }
}

/** Picks the plane to run on, and says why each better one was refused. */
import { NotSupportedError } from "../core/errors.js";
import type { Plane, PlaneContext } from "./plane.js";

export type PlaneChoice = "auto" | "portable" | "batched";

export interface SelectedPlane {
  readonly plane: Plane;
  /** One line for each better plane: why it does not run. */
  readonly notes: readonly string[];
}

/**
 * `auto` takes the batched plane where it can run, else the portable one. The batched plane's code, and with it FFI, is
 * loaded only when it is tried.
 * @throws NotSupportedError when `batched` was asked for by name and cannot run
 */
export async function selectPlane(choice: PlaneChoice, context: PlaneContext): Promise<SelectedPlane> {
  const notes: string[] = [];
  if (choice !== "portable") {
    const refusal = whyNotBatched();
    try {
      if (refusal !== undefined) throw new NotSupportedError(refusal);
      const { BatchedPlane } = await import("./batched/batched-plane.js");
      return { plane: new BatchedPlane(context), notes };
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      const note = `batched plane: ${reason}`;
      if (choice === "batched") throw new NotSupportedError(note, { cause });
      notes.push(note);
    }
  }
  const { PortablePlane } = await import("./portable/portable-plane.js");
  return { plane: new PortablePlane(context), notes };
}

/** Spares other systems the loading of FFI. */
function whyNotBatched(): string | undefined {
  return process.platform === "linux" ? undefined : `needs Linux, this is ${process.platform}`;
}

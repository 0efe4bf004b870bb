/** What the traffic picture shows of each pool: all of its backends where they are few, else those of concern and a grid. */
import type { BackendView, ListenerView, PoolView } from "../api/views.js";
import { fullName, STATE_TONES, STATES, stateOf } from "./backend-state.js";
import type { PictureGroup } from "./picture-layout.js";

/** A pool with more backends than this has a grid. */
const MOST_BOXES = 12;
/** Boxes beside a grid: those that a person should look at. */
const MOST_CONCERNS = 5;

export interface ShownGroup extends PictureGroup {
  /** The backends in the grid, in the order of the config. */
  readonly restBackends: readonly BackendView[];
}

export function groupPicture(
  listeners: readonly ListenerView[],
  pools: readonly PoolView[],
  backends: readonly BackendView[],
): ShownGroup[] {
  return pools.map(({ name }) => {
    const all = backends.filter(({ pool }) => pool === name);
    const own = all.length <= MOST_BOXES ? all : concerns(all);
    const restBackends = all.filter((backend) => !own.includes(backend));
    return {
      pool: name,
      listeners: listeners.filter(({ pool }) => pool === name).map((listener) => listener.name),
      backends: own.map(fullName),
      rest: restBackends.length,
      restBackends,
    };
  });
}

function concerns(backends: readonly BackendView[]): BackendView[] {
  const rank = (backend: BackendView) => STATES.indexOf(stateOf(backend));
  return backends
    .filter((backend) => STATE_TONES[stateOf(backend)] !== "calm")
    .sort((a, b) => rank(a) - rank(b))
    .slice(0, MOST_CONCERNS);
}

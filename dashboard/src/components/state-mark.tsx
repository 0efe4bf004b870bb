/** The state of a backend as a mark whose shape says as much as its colour, and as a badge with its name. */
import type { JSX } from "preact";
import { type BackendState, STATE_LABELS, STATE_MEANINGS } from "../model/backend-state.js";

/** Drawn in a square from -5 to 5. */
export function stateShape(state: BackendState): JSX.Element {
  switch (state) {
    case "up":
      return <circle r="4.5" class="mark-solid" />;
    case "easing":
      return (
        <>
          <circle r="3.75" class="mark-line" />
          <path d="M0 0V-3.75A3.75 3.75 0 0 1 3.75 0z" class="mark-solid" />
        </>
      );
    case "draining":
      return <path d="M-4.75 -3.5H4.75L0 4.5z" class="mark-solid" />;
    case "disabled":
      return <path d="M-3.75 -3.75H3.75V3.75H-3.75z" class="mark-line" />;
    case "untried":
      return <circle r="3.75" class="mark-line" />;
    case "half-open":
      return (
        <>
          <circle r="3.75" class="mark-line" />
          <path d="M0 -3.75A3.75 3.75 0 0 1 0 3.75z" class="mark-solid" />
        </>
      );
    case "ejected":
      return <path d="M0 -4.75L4.75 0L0 4.75L-4.75 0z" class="mark-line" />;
    case "failing":
      return <path d="M0 -4.5L4.75 3.75H-4.75z" class="mark-solid" />;
    case "down":
      return <path d="M-3.8 -3.8L3.8 3.8M3.8 -3.8L-3.8 3.8" class="mark-cross" />;
  }
}

export function StateMark({ state }: { readonly state: BackendState }): JSX.Element {
  return (
    <svg class={`mark state-${state}`} viewBox="-6 -6 12 12" aria-hidden="true" focusable="false">
      {stateShape(state)}
    </svg>
  );
}

export function StateBadge({ state }: { readonly state: BackendState }): JSX.Element {
  return (
    <span class={`state-badge state-${state}`} title={STATE_MEANINGS[state]}>
      <StateMark state={state} />
      {STATE_LABELS[state]}
    </span>
  );
}

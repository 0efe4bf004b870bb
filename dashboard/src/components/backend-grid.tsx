/** Hundreds of backends as a grid of marks: the state by shape and colour, how busy each is by how full its colour is. */
import type { JSX } from "preact";
import type { BackendView } from "../api/views.js";
import { formatRate, plural } from "../format.js";
import { countStates, describeCounts, fullName, STATE_LABELS, stateOf } from "../model/backend-state.js";
import { GRID_CELL, gridColumns } from "../model/picture-layout.js";
import type { Rates, TrafficRate } from "../model/rates.js";
import { hrefOf } from "../model/route.js";
import { RateText } from "./picture-boxes.js";
import { stateShape } from "./state-mark.js";

interface BackendGridProps {
  readonly pool: string;
  readonly backends: readonly BackendView[];
  readonly rates: Rates;
  readonly width: number;
  readonly rate: TrafficRate;
  readonly hasRate: boolean;
}

export function BackendGrid({ pool, backends, rates, width, ...shared }: BackendGridProps): JSX.Element {
  const columns = gridColumns(width);
  const rows = Math.ceil(backends.length / columns);
  const counts = countStates(backends);
  const requestsOf = (backend: BackendView) => rates.backends.get(fullName(backend))?.requests ?? 0;
  const busiest = backends.reduce((most, backend) => Math.max(most, requestsOf(backend)), 0);
  const height = rows * GRID_CELL;
  return (
    <a href={hrefOf("backends", [], { pool })}>
      <span class="box-line">
        <span class="box-name">{plural(backends.length, "backend")}</span>
        <span class="box-counts">{describeCounts(counts)}</span>
        <RateText {...shared} />
      </span>
      <svg
        class="grid"
        viewBox={`0 0 ${columns * GRID_CELL} ${height}`}
        style={{ width: `${(columns * GRID_CELL) / 16}rem`, height: `${height / 16}rem` }}
        aria-hidden="true"
        focusable="false"
      >
        {backends.map((backend, at) => {
          const state = stateOf(backend);
          const x = ((at % columns) + 0.5) * GRID_CELL;
          const y = (Math.floor(at / columns) + 0.5) * GRID_CELL;
          const part = busiest > 0 ? requestsOf(backend) / busiest : 0;
          return (
            <g key={fullName(backend)} class={`state-${state}`} transform={`translate(${x} ${y})`}>
              <title>{`${backend.name}: ${STATE_LABELS[state]}, ${formatRate(requestsOf(backend))} requests a second`}</title>
              <g style={{ opacity: state === "up" ? 0.3 + (0.7 * Math.round(part * 5)) / 5 : 1 }}>
                {stateShape(state)}
              </g>
            </g>
          );
        })}
      </svg>
    </a>
  );
}

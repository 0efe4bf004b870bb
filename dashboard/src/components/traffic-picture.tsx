/** The live picture: requests flow from listeners through pools to backends, replies flow back. */
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { fullName } from "../model/backend-state.js";
import { groupPicture } from "../model/picture-groups.js";
import { layoutPicture } from "../model/picture-layout.js";
import { addRates, type Rates, type Reading, type TrafficRate } from "../model/rates.js";
import type { Timeline } from "../model/timeline.js";
import { BackendGrid } from "./backend-grid.js";
import { BackendBox, ListenerBox, PoolBox } from "./picture-boxes.js";
import { PictureEdge } from "./picture-edge.js";
import { useWidth } from "./use-width.js";

interface TrafficPictureProps {
  readonly reading: Reading;
  readonly rates: Rates;
  readonly timeline: Timeline;
}

export function TrafficPicture({ reading, rates, timeline }: TrafficPictureProps): JSX.Element {
  const ref = useRef<HTMLDivElement>(null);
  const width = useWidth(ref, 1200);
  const groups = groupPicture(reading.listeners, reading.pools, reading.backends);
  const layout = layoutPicture(groups, width);
  const rateOf = (kind: string, id: string): TrafficRate => {
    if (kind === "listener") return rates.listeners.get(id) ?? UNKNOWN;
    if (kind === "backend") return rates.backends.get(id) ?? UNKNOWN;
    const rest = groups.find(({ pool }) => pool === id)?.restBackends ?? [];
    return addRates(rest.map((backend) => rates.backends.get(fullName(backend))));
  };
  const busiest = Math.max(1, rates.totals.requests ?? 0);
  const { isNarrow, height } = layout;
  return (
    <div
      class={`picture ${isNarrow ? "picture-narrow" : ""}`}
      ref={ref}
      style={{ height: `${height / 16}rem` }}
    >
      <svg
        class="picture-edges"
        viewBox={`0 0 ${layout.width} ${Math.max(1, height)}`}
        style={{ height: `${height / 16}rem` }}
        aria-hidden="true"
        focusable="false"
      >
        {layout.edges.map((edge) => (
          <PictureEdge
            key={edge.id}
            edge={edge}
            rate={rateOf(edge.box.kind, edge.box.id)}
            busiest={busiest}
            hasLabel={!isNarrow}
          />
        ))}
      </svg>
      <ul>
        {layout.boxes.map((box) => {
          const place = {
            left: `${box.x / 16}rem`,
            top: `${box.y / 16}rem`,
            width: `${box.width / 16}rem`,
            height: `${box.height / 16}rem`,
          };
          const shared = { rate: rateOf(box.kind, box.id), hasRate: isNarrow };
          const group = groups.find(({ pool }) => pool === box.id);
          return (
            <li key={`${box.kind} ${box.id}`} class={`box box-${box.kind}`} style={place}>
              {box.kind === "listener" && (
                <ListenerBox
                  listener={reading.listeners.find(({ name }) => name === box.id)!}
                  {...shared}
                  dropped={rates.listeners.get(box.id)?.dropped ?? null}
                />
              )}
              {box.kind === "pool" && <PoolBox pool={reading.pools.find(({ name }) => name === box.id)!} />}
              {box.kind === "backend" && (
                <BackendBox
                  backend={reading.backends.find((backend) => fullName(backend) === box.id)!}
                  timeline={timeline}
                  {...shared}
                />
              )}
              {box.kind === "rest" && (
                <BackendGrid
                  pool={box.id}
                  backends={group?.restBackends ?? []}
                  rates={rates}
                  width={box.width}
                  {...shared}
                />
              )}
            </li>
          );
        })}
      </ul>
    </div>
  );
}

const UNKNOWN: TrafficRate = { requests: null, replies: null };

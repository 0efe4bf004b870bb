/** One edge of the picture: a line for requests and one for replies, as thick as they are busy, with their rates. */
import type { JSX } from "preact";
import { formatRate } from "../format.js";
import type { Edge } from "../model/picture-layout.js";
import type { TrafficRate } from "../model/rates.js";

interface PictureEdgeProps {
  readonly edge: Edge;
  readonly rate: TrafficRate;
  /** The rate that the thickest line stands for. */
  readonly busiest: number;
  readonly hasLabel: boolean;
}

export function PictureEdge({ edge, rate, busiest, hasLabel }: PictureEdgeProps): JSX.Element {
  const anchor = edge.kind === "in" ? "start" : "end";
  return (
    <g>
      <Lane path={edge.requestPath} rate={rate.requests} busiest={busiest} kind="request" />
      <Lane path={edge.replyPath} rate={rate.replies} busiest={busiest} kind="reply" />
      {hasLabel && (
        <>
          <text class="edge-label" x={edge.labelX} y={edge.labelY - 8} text-anchor={anchor}>
            {rate.requests === null ? "" : `${formatRate(rate.requests)}/s →`}
          </text>
          <text class="edge-label edge-label-reply" x={edge.labelX} y={edge.labelY + 17} text-anchor={anchor}>
            {rate.replies === null ? "" : `← ${formatRate(rate.replies)}/s`}
          </text>
        </>
      )}
    </g>
  );
}

interface LaneProps {
  readonly path: string;
  readonly rate: number | null;
  readonly busiest: number;
  readonly kind: "request" | "reply";
}

function Lane({ path, rate, busiest, kind }: LaneProps): JSX.Element {
  const isFlowing = rate !== null && rate > 0;
  // Logarithmic: a trickle beside a flood is still a line.
  const part = isFlowing ? Math.log1p(rate) / Math.log1p(busiest) : 0;
  const width = 1 + 3.5 * Math.min(1, part);
  const pace = !isFlowing ? 0 : part < 0.4 ? 1 : part < 0.8 ? 2 : 3;
  return (
    <>
      <path class={`lane lane-${kind}`} d={path} style={{ strokeWidth: width }} />
      {isFlowing && (
        <path
          class={`lane-dash lane-dash-${kind} pace-${pace}`}
          d={path}
          style={{ strokeWidth: width + 1.5 }}
        />
      )}
    </>
  );
}

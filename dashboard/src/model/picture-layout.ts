/**
 * Where everything stands in the traffic picture: listeners, pools and backends as boxes, and the edges between them. Pure
 * geometry, in units of a sixteenth of the page's font size.
 *
 *   wide      listener ──┐          ┌── backend        narrow    listener
 *             listener ──┴── pool ──┼── backend                  listener
 *                                   └── rest (grid)              └─ pool
 *                                                                    ├─ backend
 */

export interface PictureGroup {
  readonly pool: string;
  readonly listeners: readonly string[];
  /** Shown each in a box of its own. */
  readonly backends: readonly string[];
  /** How many more are drawn as a grid of small marks. */
  readonly rest: number;
}

export interface Box {
  readonly kind: "listener" | "pool" | "backend" | "rest";
  readonly id: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Edge {
  readonly id: string;
  readonly kind: "in" | "out";
  /** The box at the end that is not the pool. */
  readonly box: Box;
  readonly pool: Box;
  /** Paths of requests and of replies, each in the direction that datagrams take. */
  readonly requestPath: string;
  readonly replyPath: string;
  /** Where the rate is written. */
  readonly labelX: number;
  readonly labelY: number;
}

export interface PictureLayout {
  readonly isNarrow: boolean;
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly Box[];
  readonly edges: readonly Edge[];
}

export const GRID_CELL = 13;
const NARROW_BELOW = 720;
const BOX_HEIGHT = { listener: 52, pool: 52, backend: 36 } as const;
const BOX_GAP = 10;
const GROUP_GAP = 28;
/** Half the distance between the two lines of an edge. */
const LANE = 3.5;
/** Beside a box, for a rate such as `1,204/s`. */
const LABEL_WIDTH = 84;
const REST_PADDING = 12;
const REST_TITLE = 30;

export function layoutPicture(groups: readonly PictureGroup[], width: number): PictureLayout {
  const isNarrow = width < NARROW_BELOW;
  const layOut = isNarrow ? layOutNarrow : layOutWide;
  const boxes: Box[] = [];
  const edges: Edge[] = [];
  let y = 0;
  for (const group of groups) {
    const laid = layOut(group, width, y);
    boxes.push(...laid.boxes);
    edges.push(...laid.edges);
    y = laid.bottom + GROUP_GAP;
  }
  return { isNarrow, width, height: Math.max(0, y - GROUP_GAP), boxes, edges };
}

interface LaidGroup {
  readonly boxes: readonly Box[];
  readonly edges: readonly Edge[];
  readonly bottom: number;
}

/** Cells beside each other in the grid of a box so wide. */
export function gridColumns(boxWidth: number): number {
  return Math.max(1, Math.floor((boxWidth - 2 * REST_PADDING) / GRID_CELL));
}

function layOutWide(group: PictureGroup, width: number, top: number): LaidGroup {
  const column = Math.min(360, Math.max(180, width * 0.24));
  const poolColumn = Math.min(280, Math.max(150, width * 0.18));
  const poolX = (width - poolColumn) * 0.47;
  const right = stack(backendBoxes(group, column), width - column, column, top);
  const left = stack(
    group.listeners.map((id) => ({ kind: "listener", id, height: BOX_HEIGHT.listener })),
    0,
    column,
    top,
  );
  const pool = stack([{ kind: "pool", id: group.pool, height: BOX_HEIGHT.pool }], poolX, poolColumn, top);
  const height = Math.max(right.height, left.height, pool.height);
  const centre = ({ boxes, height: own }: Stack) =>
    boxes.map((box) => ({ ...box, y: box.y + (height - own) / 2 }));
  const poolBox = centre(pool)[0];
  const listeners = centre(left);
  const backends = centre(right);
  const edges = [
    ...listeners.map((box) => wideEdge("in", box, poolBox)),
    ...backends.map((box) => wideEdge("out", box, poolBox)),
  ];
  return { boxes: [...listeners, poolBox, ...backends], edges, bottom: top + height };
}

/** A tree: the lines run down the left side and turn into each box. */
function layOutNarrow(group: PictureGroup, width: number, top: number): LaidGroup {
  const indent = 22;
  const listeners = stack(
    group.listeners.map((id) => ({ kind: "listener", id, height: BOX_HEIGHT.listener })),
    0,
    width,
    top,
  );
  const poolTop = top + (listeners.height > 0 ? listeners.height + BOX_GAP : 0);
  const pool = stack(
    [{ kind: "pool", id: group.pool, height: BOX_HEIGHT.pool }],
    indent,
    width - indent,
    poolTop,
  );
  const backendsTop = poolTop + pool.height + BOX_GAP;
  const backendWidth = width - 2 * indent;
  const backends = stack(backendBoxes(group, backendWidth), 2 * indent, backendWidth, backendsTop);
  const poolBox = pool.boxes[0];
  const edges = [
    ...listeners.boxes.slice(-1).map((box) => narrowEdge("in", box, poolBox, box, poolBox)),
    ...backends.boxes.map((box) => narrowEdge("out", box, poolBox, poolBox, box)),
  ];
  const bottom = backends.boxes.length > 0 ? backendsTop + backends.height : poolTop + pool.height;
  return { boxes: [...listeners.boxes, poolBox, ...backends.boxes], edges, bottom };
}

interface Stack {
  readonly boxes: readonly Box[];
  readonly height: number;
}

function stack(
  parts: readonly Pick<Box, "kind" | "id" | "height">[],
  x: number,
  width: number,
  top: number,
): Stack {
  let y = top;
  const boxes = parts.map((part) => {
    const box = { ...part, x, y, width };
    y += part.height + BOX_GAP;
    return box;
  });
  return { boxes, height: Math.max(0, y - top - BOX_GAP) };
}

function backendBoxes(group: PictureGroup, width: number): Pick<Box, "kind" | "id" | "height">[] {
  const own = group.backends.map((id) => ({ kind: "backend", id, height: BOX_HEIGHT.backend }) as const);
  if (group.rest === 0) return own;
  const rows = Math.ceil(group.rest / gridColumns(width));
  const height = REST_TITLE + rows * GRID_CELL + REST_PADDING;
  return [...own, { kind: "rest", id: group.pool, height }];
}

function wideEdge(kind: "in" | "out", box: Box, pool: Box): Edge {
  const from = kind === "in" ? box : pool;
  const to = kind === "in" ? pool : box;
  const startX = from.x + from.width;
  const endX = to.x;
  // Straight where the rate is written, beside the box; the curve is beside the pool.
  const straight = Math.min(LABEL_WIDTH, (endX - startX) / 2);
  const curveStart = kind === "in" ? startX + straight : startX;
  const curveEnd = kind === "in" ? endX : endX - straight;
  const middle = (curveStart + curveEnd) / 2;
  const lane = (offset: number, isBack: boolean) => {
    const startY = centreOf(from) + offset;
    const endY = centreOf(to) + offset;
    return isBack
      ? `M${endX} ${endY}H${curveEnd}C${middle} ${endY} ${middle} ${startY} ${curveStart} ${startY}H${startX}`
      : `M${startX} ${startY}H${curveStart}C${middle} ${startY} ${middle} ${endY} ${curveEnd} ${endY}H${endX}`;
  };
  return {
    id: `${kind} ${pool.id} ${box.kind} ${box.id}`,
    kind,
    box,
    pool,
    requestPath: lane(-LANE, false),
    replyPath: lane(LANE, true),
    // Near the box, where the edges of a pool no longer cross.
    labelX: kind === "in" ? startX + 10 : endX - 10,
    labelY: centreOf(box),
  };
}

function narrowEdge(kind: "in" | "out", box: Box, pool: Box, parent: Box, child: Box): Edge {
  const x = parent.x + 9;
  const lane = (offset: number) => ({ x: x + offset, y: centreOf(child) - offset });
  const path = (offset: number, isBack: boolean) => {
    const at = lane(offset);
    const startY = parent.y + parent.height;
    return isBack ? `M${child.x} ${at.y}H${at.x}V${startY}` : `M${at.x} ${startY}V${at.y}H${child.x}`;
  };
  return {
    id: `${kind} ${pool.id} ${box.kind} ${box.id}`,
    kind,
    box,
    pool,
    requestPath: path(LANE / 2, false),
    replyPath: path(-LANE / 2, true),
    labelX: child.x,
    labelY: centreOf(child),
  };
}

function centreOf(box: Box): number {
  return box.y + (box.kind === "rest" ? REST_TITLE / 2 : box.height / 2);
}

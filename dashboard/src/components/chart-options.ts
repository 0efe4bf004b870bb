/** How a chart looks, for uPlot: colours and sizes are those of the page's style sheet, asked of the element it is drawn in. */
import type uPlot from "uplot";
import { HISTORY_SECONDS } from "../model/watch.js";
import type { ChartSeries } from "./chart.js";

interface Look {
  readonly series: readonly ChartSeries[];
  readonly format: (value: number | null) => string;
  readonly isStacked: boolean;
  /** The sample under the cursor; null when the cursor leaves. */
  readonly onCursor: (at: number | null) => void;
}

/** The second line, such as replies, often lies on the first: both are to be seen. The style sheet's swatches have the same. */
const DASHED_COLOUR = 2;
const DASH = [6, 3];

export function chartOptions(element: HTMLElement, look: Look): uPlot.Options {
  const style = getComputedStyle(element);
  const px = Number.parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
  const colour = colourReader(element);
  const axis: uPlot.Axis = {
    stroke: colour("--text-muted"),
    font: `${Math.round(12 * px)}px ${style.fontFamily}`,
    grid: { stroke: colour("--line-soft"), width: 1 },
    ticks: { show: false },
  };
  return {
    width: element.clientWidth,
    height: element.clientHeight,
    legend: { show: false },
    padding: [10 * px, 8 * px, 0, 0],
    cursor: { y: false, points: { size: 7 * px }, drag: { x: false, y: false }, sync: { key: "time" } },
    hooks: { setCursor: [({ cursor }) => look.onCursor(cursor.idx ?? null)] },
    scales: {
      x: { time: true, range: (_, __, newest) => [newest - HISTORY_SECONDS + 1, newest] },
      y: { range: (_, __, highest) => [0, highest > 0 ? highest * 1.08 : 1] },
    },
    axes: [
      { ...axis, size: 28 * px, incrs: [60, 120, 300], values: timesOfDay, gap: 6 * px },
      {
        ...axis,
        size: 58 * px,
        space: 34 * px,
        gap: 6 * px,
        values: (_, splits) => splits.map((value) => (value === 0 ? "0" : look.format(value))),
      },
    ],
    series: [{}, ...look.series.map((series) => seriesOptions(series, look.isStacked, colour, px))],
    // A stacked area reaches down to the one below it.
    bands: look.isStacked
      ? look.series.slice(1).map((_, at) => ({ series: [at + 2, at + 1] as [number, number] }))
      : [],
  };
}

function seriesOptions(
  { label, colour, isFilled = false }: ChartSeries,
  isStacked: boolean,
  read: (name: string) => string,
  px: number,
): uPlot.Series {
  const stroke = read(`--series-${colour}`);
  const fill = isStacked ? withAlpha(stroke, 0.55) : isFilled ? withAlpha(stroke, 0.12) : undefined;
  return {
    label,
    stroke,
    ...(fill !== undefined && { fill }),
    width: (isStacked ? 1 : 1.75) * px,
    dash: !isStacked && colour === DASHED_COLOUR ? DASH.map((length) => length * px) : [],
    points: { show: false },
  };
}

function timesOfDay(_: uPlot, splits: number[]): string[] {
  return splits.map((seconds) =>
    new Date(seconds * 1000).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" }),
  );
}

/** Custom properties may be `light-dark(…)`: only a real colour property is resolved. */
function colourReader(element: HTMLElement): (name: string) => string {
  return (name) => {
    element.style.color = `var(${name})`;
    const { color } = getComputedStyle(element);
    element.style.color = "";
    return color;
  };
}

/** Of the `rgb(r, g, b)` that computed styles give. */
function withAlpha(colour: string, alpha: number): string {
  return colour.replace(/^rgb\((.*)\)$/, `rgba($1, ${alpha})`);
}

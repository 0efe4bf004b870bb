/** A small line without axes beside a figure: how it got there. */
import type { JSX } from "preact";

const WIDTH = 120;
const HEIGHT = 28;

export function Sparkline({ values }: { readonly values: readonly (number | null)[] }): JSX.Element {
  const highest = values.reduce<number>((most, value) => Math.max(most, value ?? 0), 0);
  return (
    <svg
      class="sparkline"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      aria-hidden="true"
      focusable="false"
    >
      <path class="sparkline-area" d={areaPath(values, highest)} />
      <path class="sparkline-line" d={linePath(values, highest)} />
    </svg>
  );
}

/** Lines between known neighbours; a gap where something is not known. */
function linePath(values: readonly (number | null)[], highest: number): string {
  let path = "";
  let isDown = false;
  for (const [at, value] of values.entries()) {
    if (value !== null) path += `${isDown ? "L" : "M"}${point(at, value, values.length, highest)}`;
    isDown = value !== null;
  }
  return path;
}

function areaPath(values: readonly (number | null)[], highest: number): string {
  const first = values.findIndex((value) => value !== null);
  if (first === -1) return "";
  const points = values.map((value, at) => `L${point(at, value ?? 0, values.length, highest)}`).slice(first);
  const x = (at: number) => (at / Math.max(1, values.length - 1)) * WIDTH;
  return `M${x(first)} ${HEIGHT}${points.join("")}L${WIDTH} ${HEIGHT}z`;
}

function point(at: number, value: number, count: number, highest: number): string {
  const x = (at / Math.max(1, count - 1)) * WIDTH;
  const y = HEIGHT - 1.5 - (highest > 0 ? value / highest : 0) * (HEIGHT - 3);
  return `${x.toFixed(1)} ${y.toFixed(1)}`;
}

/** A time chart of the last minutes: uPlot for the drawing, a legend of ours with the figures under the cursor or the newest ones. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import { formatTime } from "../format.js";
import { onThemeChange } from "../model/theme.js";
import type { TimelineColumns } from "../model/timeline.js";
import { chartOptions } from "./chart-options.js";

export interface ChartSeries {
  readonly label: string;
  /** Which of the colours `--series-1` … `--series-7`; each has a dash pattern of its own. */
  readonly colour: number;
  readonly isFilled?: boolean;
}

interface ChartProps {
  readonly title: string;
  readonly series: readonly ChartSeries[];
  readonly columns: TimelineColumns;
  readonly format: (value: number | null) => string;
  /** Each series is drawn on top of those before it. */
  readonly isStacked?: boolean;
  /** What the chart says when there is nothing to draw. */
  readonly emptyText?: string;
}

export function Chart(props: ChartProps): JSX.Element {
  const { title, series, columns, format, isStacked = false, emptyText } = props;
  const holder = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | undefined>(undefined);
  const [cursor, setCursor] = useState<number | null>(null);
  const [look, setLook] = useState(0);
  const data = chartData(columns, isStacked);
  const latest = useRef(data);
  latest.current = data;
  const shape = JSON.stringify(series);

  useEffect(() => onThemeChange(() => setLook((count) => count + 1)), []);
  // Made anew for other series and other colours only; new data goes into the old one.
  useEffect(() => {
    const element = holder.current!;
    const options = chartOptions(element, { series, format, isStacked, onCursor: setCursor });
    const plot = new uPlot(options, latest.current, element);
    chart.current = plot;
    const resize = new ResizeObserver(() =>
      plot.setSize({ width: element.clientWidth, height: element.clientHeight }),
    );
    resize.observe(element);
    return () => {
      resize.disconnect();
      plot.destroy();
      chart.current = undefined;
    };
  }, [shape, isStacked, look]);
  useEffect(() => chart.current?.setData(latest.current));

  const at = cursor ?? columns.seconds.length - 1;
  const isEmpty = columns.values.every((values) => values.every((value) => value === null));
  return (
    <figure class={isEmpty ? "chart chart-is-empty" : "chart"}>
      <figcaption>
        <span class="chart-title">{title}</span>
        <span class="chart-time">{cursor === null ? "" : formatTime((columns.seconds[at] ?? 0) * 1000)}</span>
      </figcaption>
      <ul class="legend">
        {series.map(({ label, colour }, index) => (
          <li key={label}>
            <svg class={`swatch series-${colour}`} viewBox="0 0 20 8" aria-hidden="true" focusable="false">
              <path d="M0 4h20" />
            </svg>
            <span class="legend-label">{label}</span>
            <span class="legend-value">{format(columns.values[index]?.[at] ?? null)}</span>
          </li>
        ))}
      </ul>
      <div class="chart-plot" ref={holder} role="img" aria-label={summarize(props)} />
      {isEmpty && <p class="chart-empty">{emptyText ?? "Nothing measured in the last five minutes"}</p>}
    </figure>
  );
}

function chartData({ seconds, values }: TimelineColumns, isStacked: boolean): uPlot.AlignedData {
  if (!isStacked) return [seconds, ...values];
  const sum = seconds.map(() => 0);
  const stacked = values.map((column) =>
    column.map((value, at) => {
      sum[at] += value ?? 0;
      return sum[at];
    }),
  );
  return [seconds, ...stacked];
}

/** For those who cannot see the drawing. */
function summarize({ title, series, columns, format }: ChartProps): string {
  const parts = series.map(({ label }, index) => {
    const known = (columns.values[index] ?? []).filter((value) => value !== null);
    if (known.length === 0) return `${label}: nothing measured`;
    const lowest = known.reduce((a, b) => Math.min(a, b));
    const highest = known.reduce((a, b) => Math.max(a, b));
    return `${label}: ${format(known.at(-1)!)} now, ${format(lowest)} to ${format(highest)}`;
  });
  return `${title}, last five minutes. ${parts.join(". ")}.`;
}

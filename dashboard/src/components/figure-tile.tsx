/** One headline figure: what it is, how much, what to compare it with, how it got there. */
import type { ComponentChildren, JSX } from "preact";
import { Sparkline } from "./sparkline.js";

interface FigureTileProps {
  readonly label: string;
  readonly value: string;
  readonly unit?: string;
  readonly note: ComponentChildren;
  readonly history?: readonly (number | null)[];
  readonly tone?: "calm" | "concern" | "trouble";
  readonly href: string;
}

export function FigureTile(props: FigureTileProps): JSX.Element {
  const { label, value, unit, note, history, tone = "calm", href } = props;
  return (
    <li class={`tile tile-${tone}`}>
      <a href={href}>
        <span class="tile-label">{label}</span>
        <span class="tile-value">
          {value}
          {unit !== undefined && <span class="tile-unit">{unit}</span>}
        </span>
        <span class="tile-note">{note}</span>
      </a>
      {history !== undefined && <Sparkline values={history} />}
    </li>
  );
}

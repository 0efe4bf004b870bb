/** Tables that scroll sideways by themselves where the screen is narrow, so that the page never does. */
import type { ComponentChildren, JSX } from "preact";
import { SortIcon } from "./icons.js";

interface TableProps {
  /** What the table is about, for screen readers. */
  readonly caption: string;
  readonly head: ComponentChildren;
  readonly children: ComponentChildren;
}

export function Table({ caption, head, children }: TableProps): JSX.Element {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms, and a section would be one landmark too many
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard
    <div class="table-scroll" role="group" tabIndex={0} aria-label={caption}>
      <table>
        <caption class="visually-hidden">{caption}</caption>
        <thead>
          <tr>{head}</tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

export interface SortOrder<Key extends string> {
  readonly key: Key;
  readonly isDescending: boolean;
}

interface SortHeaderProps<Key extends string> {
  readonly column: Key;
  readonly label: string;
  readonly isNumber?: boolean;
  /** Left out where the screen is narrow. */
  readonly isMinor?: boolean;
  readonly order: SortOrder<Key>;
  readonly onOrder: (order: SortOrder<Key>) => void;
}

/** Numbers begin with the largest, texts with A. */
export function SortHeader<Key extends string>(props: SortHeaderProps<Key>): JSX.Element {
  const { column, label, isNumber = false, isMinor = false, order, onOrder } = props;
  const isSorted = order.key === column;
  const direction = !isSorted ? "none" : order.isDescending ? "down" : "up";
  const sort = () => onOrder({ key: column, isDescending: isSorted ? !order.isDescending : isNumber });
  const className = `${isNumber ? "number" : ""} ${isMinor ? "minor" : ""}`;
  return (
    <th
      scope="col"
      class={className}
      aria-sort={!isSorted ? undefined : order.isDescending ? "descending" : "ascending"}
    >
      <button type="button" class="sort" onClick={sort}>
        {label}
        <SortIcon direction={direction} />
      </button>
    </th>
  );
}

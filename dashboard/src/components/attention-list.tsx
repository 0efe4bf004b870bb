/** What needs a person's eye, or that nothing does. */
import type { JSX } from "preact";
import { findAttention } from "../model/attention.js";
import type { Rates, Reading } from "../model/rates.js";
import { CheckIcon } from "./icons.js";

interface AttentionListProps {
  readonly reading: Reading;
  readonly rates: Rates;
}

export function AttentionList({ reading, rates }: AttentionListProps): JSX.Element {
  const found = findAttention(reading, rates);
  if (found.length === 0) {
    return (
      <p class="all-well">
        <CheckIcon />
        Nothing needs attention: no backend is down, and nothing is dropped.
      </p>
    );
  }
  return (
    <section class="attention" aria-labelledby="attention-title">
      <h2 id="attention-title">Needs attention</h2>
      <ul>
        {found.map(({ id, tone, title, text, href }) => (
          <li key={id} class={`attention-${tone}`}>
            <a href={href}>{title}</a>
            <span>{text}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

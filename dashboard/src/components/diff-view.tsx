/** Changed lines with a few around them. What is added or removed is said by sign and word, not by colour alone. */
import type { JSX } from "preact";
import { plural } from "../format.js";
import type { DiffLine, Hunk } from "../model/line-diff.js";

const SIGNS = { same: " ", added: "+", removed: "−" } as const;

export function DiffView({ hunks }: { readonly hunks: readonly Hunk[] }): JSX.Element {
  if (hunks.length === 0) return <p class="note">The text is the same.</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard
    <section class="diff code" tabIndex={0} aria-label="Changed lines">
      <table>
        <caption class="visually-hidden">Changed lines</caption>
        <thead class="visually-hidden">
          <tr>
            <th scope="col">Line before</th>
            <th scope="col">Line after</th>
            <th scope="col">Change</th>
            <th scope="col">Text</th>
          </tr>
        </thead>
        {hunks.map((hunk) => (
          <tbody key={`${hunk.lines[0].before} ${hunk.lines[0].after}`}>
            {hunk.skipped > 0 && (
              <tr class="diff-skipped">
                <td colSpan={4}>{plural(hunk.skipped, "line")} without changes</td>
              </tr>
            )}
            {hunk.lines.map((line) => (
              <Line key={`${line.before} ${line.after}`} line={line} />
            ))}
          </tbody>
        ))}
      </table>
    </section>
  );
}

function Line({ line: { kind, text, before, after } }: { readonly line: DiffLine }): JSX.Element {
  return (
    <tr class={`diff-${kind}`}>
      <td class="diff-number">{before}</td>
      <td class="diff-number">{after}</td>
      <td class="diff-sign">
        <span aria-hidden="true">{SIGNS[kind]}</span>
        {kind !== "same" && <span class="visually-hidden">{kind}</span>}
      </td>
      <td class="diff-text">{text}</td>
    </tr>
  );
}

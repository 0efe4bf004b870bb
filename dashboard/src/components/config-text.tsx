/** The config as it is in force, to read. */
import type { JSX } from "preact";

export function ConfigText({ text }: { readonly text: string }): JSX.Element {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard
    <section class="code card" tabIndex={0} aria-label="Config in force">
      <pre>
        <code>{text}</code>
      </pre>
    </section>
  );
}

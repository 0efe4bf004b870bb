/** The heading of a view, which takes the focus when the view opens, with what goes beside it. */
import type { ComponentChildren, JSX } from "preact";

interface ViewHeaderProps {
  readonly title: ComponentChildren;
  readonly note?: ComponentChildren;
  readonly children?: ComponentChildren;
}

export function ViewHeader({ title, note, children }: ViewHeaderProps): JSX.Element {
  return (
    <div class="view-header">
      <div>
        <h1 tabIndex={-1}>{title}</h1>
        {note !== undefined && <p class="view-note">{note}</p>}
      </div>
      {children !== undefined && <div class="view-actions">{children}</div>}
    </div>
  );
}

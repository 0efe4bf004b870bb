/** What stands where data would stand: nothing there, or something went wrong. */
import type { ComponentChildren, JSX } from "preact";

interface NoticeProps {
  readonly title: string;
  readonly children?: ComponentChildren;
  readonly kind?: "empty" | "error";
}

export function Notice({ title, children, kind = "empty" }: NoticeProps): JSX.Element {
  return (
    <div class={`notice notice-${kind}`} role={kind === "error" ? "alert" : undefined}>
      <p class="notice-title">{title}</p>
      {children !== undefined && <div class="notice-text">{children}</div>}
    </div>
  );
}

/** Until the first answer has come. */
export function Waiting(): JSX.Element {
  return <Notice title="Waiting for the first figures…" />;
}

/** Short messages at the bottom of the page: what was done goes by itself, what failed stays until it is dismissed. */
import type { JSX } from "preact";
import { CloseIcon } from "./icons.js";

export interface Message {
  readonly id: number;
  readonly text: string;
  readonly kind: "done" | "failed";
}

interface MessagesProps {
  readonly messages: readonly Message[];
  readonly onDismiss: (id: number) => void;
}

export function Messages({ messages, onDismiss }: MessagesProps): JSX.Element {
  return (
    <div class="messages" role="status" aria-live="polite">
      {messages.map(({ id, text, kind }) => (
        <div key={id} class={`message message-${kind}`}>
          <span>{text}</span>
          <button type="button" class="icon-button" aria-label="Dismiss" onClick={() => onDismiss(id)}>
            <CloseIcon />
          </button>
        </div>
      ))}
    </div>
  );
}

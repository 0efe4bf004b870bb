/** Asks before something is done to the running balancer; shows why it failed without closing. */
import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import { messageOf } from "../api/client.js";
import { Dialog } from "./dialog.js";

interface ConfirmDialogProps {
  readonly title: string;
  readonly children: ComponentChildren;
  /** The verb on the button, such as `Drain`. */
  readonly action: string;
  readonly isDangerous?: boolean;
  /** What it throws is shown. */
  readonly onConfirm: () => Promise<void>;
  readonly onClose: () => void;
}

export function ConfirmDialog(props: ConfirmDialogProps): JSX.Element {
  const { title, children, action, isDangerous = false, onConfirm, onClose } = props;
  const [isBusy, setIsBusy] = useState(false);
  const [error, setError] = useState("");
  const confirm = async (event: Event) => {
    event.preventDefault();
    setIsBusy(true);
    setError("");
    try {
      await onConfirm();
      onClose();
    } catch (thrown) {
      setError(messageOf(thrown));
      setIsBusy(false);
    }
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form onSubmit={confirm}>
        <div class="dialog-body">{children}</div>
        {error !== "" && (
          <p class="form-error" role="alert">
            {error}
          </p>
        )}
        <div class="dialog-buttons">
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class={isDangerous ? "danger" : "primary"} disabled={isBusy}>
            {action}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

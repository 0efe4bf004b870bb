/** Ends one live flow, after asking. */
import type { JSX } from "preact";
import { ApiError } from "../api/client.js";
import type { FlowView } from "../api/views.js";
import { ConfirmDialog } from "./confirm-dialog.js";
import { usePage } from "./page-context.js";

interface EndFlowDialogProps {
  readonly flow: FlowView;
  readonly onEnded: () => void;
  readonly onClose: () => void;
}

export function EndFlowDialog({ flow, onEnded, onClose }: EndFlowDialogProps): JSX.Element {
  const { client, tell } = usePage();
  const end = async () => {
    try {
      await client.json(`flows/${encodeURIComponent(flow.id)}`, { method: "DELETE" });
      tell(`The flow of ${flow.client} has ended.`);
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) throw error;
      tell(`The flow of ${flow.client} was over already.`);
    }
    onEnded();
  };
  return (
    <ConfirmDialog title="End this flow?" action="End flow" isDangerous onConfirm={end} onClose={onClose}>
      <p>
        {flow.client} on {flow.listener}, now with {flow.pool}/{flow.backend}. Replies that are under way are
        lost. Its next request starts a new flow, which may go to another backend.
      </p>
    </ConfirmDialog>
  );
}

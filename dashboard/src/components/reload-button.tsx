/** Reads the config file again, after asking. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { ReloadView } from "../api/views.js";
import { describeChanges } from "../model/event-text.js";
import { ConfirmDialog } from "./confirm-dialog.js";
import { usePage } from "./page-context.js";

export function ReloadButton(): JSX.Element {
  const { client, state, watch, tell } = usePage();
  const [isAsking, setIsAsking] = useState(false);
  const reload = async () => {
    const result = await client.json<ReloadView>("reload", { method: "POST" });
    watch.pollSoon();
    tell(`Config v${result.version} is in force: ${describeChanges(result)}.`);
  };
  return (
    <>
      <button type="button" disabled={state.isReadOnly} onClick={() => setIsAsking(true)}>
        Reload the file…
      </button>
      {isAsking && (
        <ConfirmDialog
          title="Reload the config file?"
          action="Reload"
          onConfirm={reload}
          onClose={() => setIsAsking(false)}
        >
          <p>
            Reads the file again, as SIGHUP does. What was changed through the API and is not in the file is
            undone.
          </p>
        </ConfirmDialog>
      )}
    </>
  );
}

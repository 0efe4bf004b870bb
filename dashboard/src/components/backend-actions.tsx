/** What an operator may do to a backend: drain, disable, enable, weigh. Each asks first. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { backendPath } from "../api/client.js";
import type { BackendView } from "../api/views.js";
import { formatExact, plural } from "../format.js";
import { fullName } from "../model/backend-state.js";
import { ConfirmDialog } from "./confirm-dialog.js";
import { usePage } from "./page-context.js";

type Action = "drain" | "disable" | "enable" | "weight";

export function BackendActions({ backend }: { readonly backend: BackendView }): JSX.Element {
  const { isReadOnly } = usePage().state;
  const [action, setAction] = useState<Action | undefined>(undefined);
  const close = () => setAction(undefined);
  const offer = (name: Action, label: string, isUseless = false) => (
    <button type="button" disabled={isReadOnly || isUseless} onClick={() => setAction(name)}>
      {label}
    </button>
  );
  return (
    <>
      {/* The same button for both, so that it keeps the focus when it turns from one into the other. */}
      {backend.admin === "enabled" ? offer("drain", "Drain…") : offer("enable", "Enable…")}
      {offer("disable", "Disable…", backend.admin === "disabled")}
      {offer("weight", "Weight…")}
      {isReadOnly && <span class="note">This token may only look.</span>}
      {action === "drain" && <DrainDialog backend={backend} onClose={close} />}
      {action === "weight" && <WeightDialog backend={backend} onClose={close} />}
      {(action === "enable" || action === "disable") && (
        <SwitchDialog backend={backend} action={action} onClose={close} />
      )}
    </>
  );
}

interface ActionDialogProps {
  readonly backend: BackendView;
  readonly onClose: () => void;
}

function DrainDialog({ backend, onClose }: ActionDialogProps): JSX.Element {
  const [deadline, setDeadline] = useState("");
  const patch = usePatch(backend);
  const body = { admin: "draining", ...(deadline.trim() !== "" && { deadline: deadline.trim() }) };
  return (
    <ConfirmDialog
      title={`Drain ${fullName(backend)}?`}
      action="Drain"
      onConfirm={() => patch(body, `${fullName(backend)} drains.`)}
      onClose={onClose}
    >
      <p>
        It takes no new flows. {flowsNote(backend)} by the pool's rule for draining: by default they stay
        until they end.
      </p>
      <label class="field">
        <span>Disable it after (optional)</span>
        <input
          type="text"
          placeholder="such as 30s or 5m"
          value={deadline}
          onInput={(event) => setDeadline(event.currentTarget.value)}
        />
      </label>
    </ConfirmDialog>
  );
}

interface SwitchDialogProps extends ActionDialogProps {
  readonly action: "enable" | "disable";
}

function SwitchDialog({ backend, action, onClose }: SwitchDialogProps): JSX.Element {
  const patch = usePatch(backend);
  const isOff = action === "disable";
  const name = fullName(backend);
  return (
    <ConfirmDialog
      title={`${isOff ? "Disable" : "Enable"} ${name}?`}
      action={isOff ? "Disable" : "Enable"}
      isDangerous={isOff}
      onConfirm={() => patch({ admin: isOff ? "disabled" : "enabled" }, `${name} is ${action}d.`)}
      onClose={onClose}
    >
      <p>
        {isOff
          ? `It is out at once. ${flowsNote(backend)} by the pool's rule for removed backends: by default they move.`
          : "It takes new flows again. Flows that are elsewhere stay there."}
      </p>
    </ConfirmDialog>
  );
}

function WeightDialog({ backend, onClose }: ActionDialogProps): JSX.Element {
  const [weight, setWeight] = useState(String(backend.weight));
  const patch = usePatch(backend);
  return (
    <ConfirmDialog
      title={`Weight of ${fullName(backend)}`}
      action="Set weight"
      onConfirm={() => patch({ weight: Number(weight) }, `${fullName(backend)} has weight ${weight}.`)}
      onClose={onClose}
    >
      <p>New flows follow the weights; live flows stay. 0 takes no new flows.</p>
      <label class="field">
        <span>Weight, 0 to 65,535 (now {formatExact(backend.weight)})</span>
        <input
          type="number"
          min={0}
          max={65_535}
          step={1}
          required
          value={weight}
          onInput={(event) => setWeight(event.currentTarget.value)}
        />
      </label>
    </ConfirmDialog>
  );
}

function flowsNote({ activeFlows }: BackendView): string {
  return activeFlows === 1 ? "Its live flow goes" : `Its ${plural(activeFlows, "live flow")} go`;
}

function usePatch(backend: BackendView): (body: unknown, done: string) => Promise<void> {
  const { client, watch, tell } = usePage();
  return async (body, done) => {
    await client.json(backendPath(backend.pool, backend.name), { method: "PATCH", body });
    watch.pollSoon();
    tell(done);
  };
}

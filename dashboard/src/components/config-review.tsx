/** What a changed config would do, before it does it: the plan of the balancer, and the text line by line. */
import type { JSX } from "preact";
import type { ChangesView, PlanView } from "../api/views.js";
import { formatExact, formatPart } from "../format.js";
import { diffLines, hunksOf } from "../model/line-diff.js";
import { DiffView } from "./diff-view.js";
import { Notice } from "./notice.js";

interface ConfigReviewProps {
  readonly before: string;
  readonly after: string;
  readonly plan: PlanView;
  /** Somebody else changed the config since it was reviewed; `before` is theirs. */
  readonly hasConflict: boolean;
  readonly isBusy: boolean;
  readonly error: string | undefined;
  readonly onApply: () => void;
  readonly onReview: () => void;
  readonly onEdit: () => void;
  readonly onCancel: () => void;
}

export function ConfigReview(props: ConfigReviewProps): JSX.Element {
  const { before, after, plan, hasConflict, isBusy, error, onApply, onReview, onEdit, onCancel } = props;
  return (
    <div class="review">
      {hasConflict && (
        <Notice kind="error" title="The config was changed meanwhile">
          Nothing was applied. Below is how yours differs from what is in force now: applying it would undo
          the other change where they differ. Review it again, or edit.
        </Notice>
      )}
      {error !== undefined && (
        <Notice kind="error" title="That did not work">
          {error}
        </Notice>
      )}
      {!hasConflict && <PlanCard plan={plan} />}
      <section class="card" aria-labelledby="diff-title">
        <h2 id="diff-title">Differences from what is in force</h2>
        <DiffView hunks={hunksOf(diffLines(before, after))} />
      </section>
      <div class="button-row">
        {hasConflict ? (
          <button type="button" class="primary" disabled={isBusy} onClick={onReview}>
            Review again
          </button>
        ) : (
          <button type="button" class="primary" disabled={isBusy} onClick={onApply}>
            Apply
          </button>
        )}
        <button type="button" onClick={onEdit}>
          Back to the text
        </button>
        <button type="button" onClick={onCancel}>
          Cancel
        </button>
      </div>
    </div>
  );
}

function PlanCard({ plan }: { readonly plan: PlanView }): JSX.Element {
  const { live, kept, moved, ended } = plan.flows;
  const shares = plan.keys.filter(({ share }) => share !== null && share > 0);
  return (
    <section class="card" aria-labelledby="plan-title">
      <h2 id="plan-title">What would happen</h2>
      <dl class="plan-flows">
        <PlanFigure name="live flows" value={live} />
        <PlanFigure name="stay" value={kept} />
        <PlanFigure name="move" value={moved} tone={moved > 0 ? "concern" : "calm"} />
        <PlanFigure name="end" value={ended} tone={ended > 0 ? "trouble" : "calm"} />
      </dl>
      <ul class="plan-changes">
        <ChangeLines kind="Listeners" changes={plan.listeners} />
        <ChangeLines kind="Pools" changes={plan.pools} />
        <ChangeLines kind="Backends" changes={plan.backends} />
        {shares.map(({ pool, share }) => (
          <li key={pool}>
            {formatPart(share)} of all affinity keys of {pool} would go elsewhere.
          </li>
        ))}
        {plan.restartNeeded.length > 0 && (
          <li class="text-concern">Only a restart puts in force: {plan.restartNeeded.join(", ")}.</li>
        )}
      </ul>
    </section>
  );
}

interface PlanFigureProps {
  readonly name: string;
  readonly value: number;
  readonly tone?: "calm" | "concern" | "trouble";
}

function PlanFigure({ name, value, tone = "calm" }: PlanFigureProps): JSX.Element {
  return (
    <div class={`text-${tone}`}>
      <dt>{name}</dt>
      <dd>{formatExact(value)}</dd>
    </div>
  );
}

const VERBS = [
  ["added", "+"],
  ["removed", "−"],
  ["changed", "~"],
] as const;

function ChangeLines({
  kind,
  changes,
}: {
  readonly kind: string;
  readonly changes: ChangesView;
}): JSX.Element | null {
  const lines = VERBS.filter(([verb]) => changes[verb].length > 0);
  return (
    <>
      {lines.map(([verb, sign]) => (
        <li key={verb} class={`plan-${verb}`}>
          <span class="plan-sign" aria-hidden="true">
            {sign}
          </span>
          {kind} {verb}: {nameSome(changes[verb])}
        </li>
      ))}
    </>
  );
}

function nameSome(names: readonly string[]): string {
  const shown = names.slice(0, 12).join(", ");
  return names.length > 12 ? `${shown} and ${formatExact(names.length - 12)} more` : shown;
}

/** An explanation: the verdict as a sentence, the reasons, and every backend's chance. */
import type { JSX } from "preact";
import type { ExplanationView } from "../api/views.js";
import { formatExact, formatPart, MISSING, spaced } from "../format.js";
import { stateOf } from "../model/backend-state.js";
import { hrefOf } from "../model/route.js";
import { StateBadge } from "./state-mark.js";
import { Table } from "./table.js";

export function ExplanationCard({ explanation }: { readonly explanation: ExplanationView }): JSX.Element {
  const { candidates, reason, notes, pool, policy, affinity, key } = explanation;
  return (
    <div class="explanation">
      <p class={`verdict verdict-${explanation.verdict}`}>
        <Verdict explanation={explanation} />
      </p>
      <p>{reason}</p>
      <dl class="facts facts-inline">
        <div>
          <dt>Pool</dt>
          <dd>{pool}</dd>
        </div>
        <div>
          <dt>Policy</dt>
          <dd>{policy}</dd>
        </div>
        <div>
          <dt>Affinity</dt>
          <dd>
            {affinity}
            {key !== "" && `, key ${key}`}
          </dd>
        </div>
      </dl>
      {notes.map((note) => (
        <p class="note" key={note}>
          {note}
        </p>
      ))}
      {candidates.length > 0 && (
        <Table
          caption="Backends and their chances"
          head={
            <>
              <th scope="col">Backend</th>
              <th scope="col">State</th>
              <th scope="col" class="number">
                Weight
              </th>
              <th scope="col" class="number">
                Chance of a new key
              </th>
              <th scope="col">Why</th>
            </>
          }
        >
          {candidates.map((candidate) => (
            <tr key={candidate.name} class={candidate.name === explanation.backend ? "row-chosen" : ""}>
              <th scope="row">
                <a href={hrefOf("backends", [pool, candidate.name])}>{candidate.name}</a>
              </th>
              <td>
                <StateBadge state={stateOf(candidate)} />
              </td>
              <td class="number">{formatExact(candidate.weight)}</td>
              <td class="number">{candidate.chance === null ? MISSING : formatPart(candidate.chance)}</td>
              <td class="prose">{candidate.why}</td>
            </tr>
          ))}
        </Table>
      )}
    </div>
  );
}

function Verdict({ explanation }: { readonly explanation: ExplanationView }): JSX.Element {
  const { verdict, backend, client, dropReason } = explanation;
  const target = <strong>{backend ?? "one of the backends below"}</strong>;
  switch (verdict) {
    case "flow":
      return (
        <>
          {client} has a live flow: it stays with {target}.
        </>
      );
    case "binding":
      return (
        <>
          The affinity key of {client} is bound: it goes to {target}.
        </>
      );
    case "chosen":
      return (
        <>
          {client} always goes to {target} while the backends stay as they are.
        </>
      );
    case "next":
      return (
        <>
          It depends on the moment: {client} goes to {target}.
        </>
      );
    case "dropped":
      return (
        <>
          A datagram of {client} would be dropped: <strong>{spaced(dropReason ?? "for now")}</strong>.
        </>
      );
  }
}

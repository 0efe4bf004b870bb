/** What moves the datagrams and where backends come from: workers and sources, at the end of the overview. */
import type { JSX } from "preact";
import type { StatusView } from "../api/views.js";
import { formatDuration, formatPart, formatRate, MISSING, plural } from "../format.js";
import { Table } from "./table.js";

export function Machinery({ status }: { readonly status: StatusView }): JSX.Element {
  const { workers, sources, uptimeMs, planeNotes } = status;
  return (
    <div class="columns">
      <section class="card" aria-labelledby="workers-title">
        <h2 id="workers-title">Workers</h2>
        <Table
          caption="Workers"
          head={
            <>
              <th scope="col">Worker</th>
              <th scope="col">State</th>
              <th scope="col" class="number">
                CPU since the start
              </th>
              <th scope="col" class="number">
                Restarts
              </th>
            </>
          }
        >
          {workers.map(({ index, state, restarts, cpuMs }) => (
            <tr key={index}>
              <th scope="row">{index}</th>
              <td>{state}</td>
              <td class="number">{cpuMs === null ? MISSING : formatPart(cpuMs / uptimeMs)}</td>
              <td class="number">{formatRate(restarts)}</td>
            </tr>
          ))}
        </Table>
        {planeNotes.map((note) => (
          <p class="note" key={note}>
            {note}
          </p>
        ))}
      </section>
      {sources.length > 0 && (
        <section class="card" aria-labelledby="sources-title">
          <h2 id="sources-title">Sources of backends</h2>
          <Table
            caption="Sources of backends"
            head={
              <>
                <th scope="col">Source</th>
                <th scope="col">Pool</th>
                <th scope="col">State</th>
                <th scope="col">Last answer</th>
              </>
            }
          >
            {sources.map(({ pool, source, state, backends, leftOut, lastError, sinceChangeMs }) => (
              <tr key={`${pool} ${source}`}>
                <th scope="row">{source}</th>
                <td>{pool}</td>
                <td class={state === "failing" ? "text-concern" : ""}>{lastError ?? state}</td>
                <td class="prose">
                  {plural(backends, "backend")}
                  {leftOut > 0 && ` (${leftOut} left out)`}
                  {sinceChangeMs !== null && `, the same for ${formatDuration(sinceChangeMs)}`}
                </td>
              </tr>
            ))}
          </Table>
        </section>
      )}
    </div>
  );
}

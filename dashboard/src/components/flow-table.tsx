/** A page of live flows. */
import type { JSX } from "preact";
import type { FlowView } from "../api/views.js";
import { formatBytes, formatDuration, formatExact } from "../format.js";
import { hrefOf } from "../model/route.js";
import { usePage } from "./page-context.js";
import { Table } from "./table.js";

interface FlowTableProps {
  readonly flows: readonly FlowView[];
  readonly onEnd: (flow: FlowView) => void;
}

export function FlowTable({ flows, onEnd }: FlowTableProps): JSX.Element {
  const { isReadOnly } = usePage().state;
  return (
    <Table
      caption="Live flows"
      head={
        <>
          <th scope="col">Client</th>
          <th scope="col">Listener</th>
          <th scope="col">Backend</th>
          <th scope="col" class="number">
            Requests
          </th>
          <th scope="col" class="number">
            Replies
          </th>
          <th scope="col" class="number">
            Age
          </th>
          <th scope="col" class="number">
            Idle
          </th>
          <th scope="col">
            <span class="visually-hidden">Actions</span>
          </th>
        </>
      }
    >
      {flows.map((flow) => (
        <tr key={flow.id}>
          <th scope="row">
            <span class="address">{flow.client}</span>
            {!flow.open && <span class="tag">waits for replies</span>}
          </th>
          <td>{flow.listener}</td>
          <td>
            <a href={hrefOf("backends", [flow.pool, flow.backend])}>
              {flow.pool}/{flow.backend}
            </a>
          </td>
          <td class="number" title={formatBytes(flow.requests.bytes)}>
            {formatExact(flow.requests.datagrams)}
          </td>
          <td class="number" title={formatBytes(flow.replies.bytes)}>
            {formatExact(flow.replies.datagrams)}
          </td>
          <td class="number">{formatDuration(flow.ageMs)}</td>
          <td class="number">{formatDuration(flow.idleMs)}</td>
          <td class="row-actions">
            <a
              class="button"
              href={hrefOf("flows", [], { explain: flow.client, listener: flow.listener })}
              aria-label={`Explain ${flow.client}`}
            >
              Explain
            </a>
            <button
              type="button"
              disabled={isReadOnly}
              aria-label={`End the flow of ${flow.client}`}
              onClick={() => onEnd(flow)}
            >
              End…
            </button>
          </td>
        </tr>
      ))}
    </Table>
  );
}

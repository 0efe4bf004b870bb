/** The rows of the backends' table. */
import type { JSX } from "preact";
import { formatExact, formatMs, formatPart, formatRate } from "../format.js";
import type { BackendColumn, BackendRow } from "../model/backend-rows.js";
import { fullName } from "../model/backend-state.js";
import { backendHref } from "../model/route.js";
import { StateBadge } from "./state-mark.js";
import { SortHeader, type SortOrder, Table } from "./table.js";

interface BackendTableProps {
  readonly rows: readonly BackendRow[];
  readonly order: SortOrder<BackendColumn>;
  readonly onOrder: (order: SortOrder<BackendColumn>) => void;
}

const NUMBERS: readonly (readonly [BackendColumn, string])[] = [
  ["requests", "Requests/s"],
  ["replies", "Replies/s"],
  ["p50", "p50"],
  ["p99", "p99"],
  ["outstanding", "Unanswered"],
  ["flows", "Flows"],
];

export function BackendTable({ rows, order, onOrder }: BackendTableProps): JSX.Element {
  const sort = { order, onOrder };
  return (
    <Table
      caption="Backends"
      head={
        <>
          <SortHeader column="name" label="Backend" {...sort} />
          <SortHeader column="state" label="State" {...sort} />
          <SortHeader column="pool" label="Pool" {...sort} />
          <SortHeader column="weight" label="Weight" isNumber {...sort} />
          {NUMBERS.map(([column, label]) => (
            <SortHeader key={column} column={column} label={label} isNumber {...sort} />
          ))}
        </>
      }
    >
      {rows.map((row) => (
        <Row key={fullName(row.backend)} row={row} />
      ))}
    </Table>
  );
}

function Row({ row }: { readonly row: BackendRow }): JSX.Element {
  const { backend, state, requests, replies, p50Ms, p99Ms } = row;
  return (
    <tr>
      <th scope="row">
        <a href={backendHref(backend)}>{backend.name}</a>
        {backend.name !== backend.address && <span class="address cell-sub">{backend.address}</span>}
      </th>
      <td>
        <StateBadge state={state} />
        {backend.backup && <span class="tag">backup</span>}
      </td>
      <td>{backend.pool}</td>
      <td class="number">
        {formatExact(backend.weight)}
        {backend.share < 1 && <span class="cell-sub">gets {formatPart(backend.share)}</span>}
      </td>
      <td class="number">{formatRate(requests)}</td>
      <td class="number">{formatRate(replies)}</td>
      <td class="number">{formatMs(p50Ms)}</td>
      <td class="number">{formatMs(p99Ms)}</td>
      <td class="number">{formatExact(backend.outstanding)}</td>
      <td class="number">{formatExact(backend.activeFlows)}</td>
    </tr>
  );
}

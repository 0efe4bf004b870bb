/** What was dropped and why: over time, in numbers, and by listener. */
import type { JSX } from "preact";
import { Chart, type ChartSeries } from "../components/chart.js";
import { Notice, Waiting } from "../components/notice.js";
import { usePage } from "../components/page-context.js";
import { Table } from "../components/table.js";
import { ViewHeader } from "../components/view-header.js";
import { formatExact, formatRate, spaced } from "../format.js";
import { DROP_MEANINGS } from "../model/drop-meanings.js";
import { type DropRow, dropRows } from "../model/drop-rows.js";
import { dropKey } from "../model/history.js";
import { sumOf } from "../model/rates.js";

/** More reasons than colours are not drawn; the table has them. */
const MOST_DRAWN = 6;

export function DropsView(): JSX.Element {
  const { state, watch } = usePage();
  const { reading, rates } = state;
  if (reading === undefined) {
    return (
      <>
        <ViewHeader title="Drops" />
        <Waiting />
      </>
    );
  }
  const rows = dropRows(reading.status, rates, watch.timeline);
  const queueDrops = [...reading.listeners, ...reading.backends].reduce(
    (sum, one) => sum + one.queueDrops,
    0,
  );
  return (
    <>
      <ViewHeader title="Drops" note="Datagrams that were not forwarded, each under the reason for it" />
      <DropsChart rows={rows} />
      {rows.length === 0 ? (
        <Notice title="Nothing was dropped since the start">Every datagram that came was forwarded.</Notice>
      ) : (
        <DropsTable rows={rows} />
      )}
      {queueDrops > 0 && (
        <p class="note">
          Besides, the kernel dropped {formatExact(queueDrops)} datagrams in full receive queues before sluice
          saw them: more workers or a larger receiveBuffer help.
        </p>
      )}
      <ByListener />
    </>
  );
}

function DropsChart({ rows }: { readonly rows: readonly DropRow[] }): JSX.Element {
  const { watch } = usePage();
  const drawn = rows.filter(({ lately }) => lately > 0).slice(0, MOST_DRAWN);
  const series: ChartSeries[] = drawn.map(({ direction, reason }, at) => ({
    label: `${spaced(reason)}${direction === "replyDrops" ? " (replies)" : ""}`,
    colour: at + 1,
  }));
  const columns = watch.timeline.columns(drawn.map(({ direction, reason }) => dropKey(direction, reason)));
  return (
    <div class="charts charts-single">
      <Chart
        title="Dropped a second, by reason"
        series={series}
        columns={columns}
        format={formatRate}
        isStacked
        emptyText="Nothing was dropped in the last five minutes"
      />
    </div>
  );
}

function DropsTable({ rows }: { readonly rows: readonly DropRow[] }): JSX.Element {
  return (
    <div class="card card-flush">
      <Table
        caption="Drops by reason"
        head={
          <>
            <th scope="col">Reason</th>
            <th scope="col">Of</th>
            <th scope="col" class="number">
              Now, /s
            </th>
            <th scope="col" class="number">
              Five minutes
            </th>
            <th scope="col" class="number">
              Since the start
            </th>
            <th scope="col">Meaning</th>
          </>
        }
      >
        {rows.map(({ direction, reason, perSecond, lately, total }) => (
          <tr key={`${direction} ${reason}`}>
            <th scope="row">
              <code>{reason}</code>
            </th>
            <td>{direction === "drops" ? "requests" : "replies"}</td>
            <td class={perSecond > 0 ? "number text-concern" : "number"}>{formatRate(perSecond)}</td>
            <td class="number">{formatExact(lately)}</td>
            <td class="number">{formatExact(total)}</td>
            <td class="prose">{DROP_MEANINGS[reason] ?? ""}</td>
          </tr>
        ))}
      </Table>
    </div>
  );
}

function ByListener(): JSX.Element | null {
  const { reading, rates } = usePage().state;
  const listeners = (reading?.listeners ?? []).filter(
    ({ drops, replyDrops }) => sumOf(drops) + sumOf(replyDrops) > 0,
  );
  if (listeners.length === 0) return null;
  return (
    <section class="card" aria-labelledby="by-listener">
      <h2 id="by-listener">By listener, since the start</h2>
      <Table
        caption="Drops by listener"
        head={
          <>
            <th scope="col">Listener</th>
            <th scope="col" class="number">
              Requests, /s now
            </th>
            <th scope="col">Requests</th>
            <th scope="col">Replies</th>
          </>
        }
      >
        {listeners.map(({ name, drops, replyDrops }) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td class="number">{formatRate(rates.listeners.get(name)?.dropped)}</td>
            <td>{listReasons(drops)}</td>
            <td>{listReasons(replyDrops)}</td>
          </tr>
        ))}
      </Table>
    </section>
  );
}

function listReasons(drops: Readonly<Record<string, number>>): string {
  const parts = Object.entries(drops)
    .filter(([, count]) => count > 0)
    .sort((a, b) => b[1] - a[1])
    .map(([reason, count]) => `${spaced(reason)} ${formatExact(count)}`);
  return parts.join(", ") || "none";
}

/** One backend: its state and why, what it did in the last minutes, what happened to it, and what can be done with it. */
import type { JSX } from "preact";
import { BackendActions } from "../components/backend-actions.js";
import { BackendFacts } from "../components/backend-facts.js";
import { Chart } from "../components/chart.js";
import { HealthHistory } from "../components/health-history.js";
import { Notice, Waiting } from "../components/notice.js";
import { usePage } from "../components/page-context.js";
import { StateBadge } from "../components/state-mark.js";
import { ViewHeader } from "../components/view-header.js";
import { formatCount, formatDuration, formatMs, formatRate } from "../format.js";
import { fullName, stateOf } from "../model/backend-state.js";
import { backendKey } from "../model/history.js";
import { hrefOf } from "../model/route.js";

interface BackendDetailProps {
  readonly pool: string;
  readonly name: string;
}

export function BackendDetail(props: BackendDetailProps): JSX.Element {
  const { state } = usePage();
  const full = fullName(props);
  const { reading } = state;
  const backend = reading?.backends.find((one) => fullName(one) === full);
  const crumb = (
    <nav class="crumb" aria-label="Where this is">
      <a href={hrefOf("backends")}>Backends</a> /{" "}
      <a href={hrefOf("backends", [], { pool: props.pool })}>{props.pool}</a>
    </nav>
  );
  if (backend === undefined) {
    return (
      <>
        {crumb}
        <ViewHeader title={props.name} />
        {reading === undefined ? (
          <Waiting />
        ) : (
          <Notice title="There is no such backend">
            It may have left the config. Its events are still in the log.
          </Notice>
        )}
      </>
    );
  }
  const backendState = stateOf(backend);
  return (
    <>
      {crumb}
      <ViewHeader
        title={
          <>
            {backend.name} <StateBadge state={backendState} />
          </>
        }
        note={`${backend.reason}, for ${formatDuration(backend.stateForMs)}`}
      >
        <BackendActions backend={backend} />
      </ViewHeader>
      <BackendCharts full={full} />
      <div class="columns">
        <BackendFacts backend={backend} />
        <HealthHistory pool={backend.pool} name={backend.name} />
      </div>
    </>
  );
}

function BackendCharts({ full }: { readonly full: string }): JSX.Element {
  const { watch } = usePage();
  const columns = (...figures: Parameters<typeof backendKey>[1][]) =>
    watch.timeline.columns(figures.map((figure) => backendKey(full, figure)));
  const traffic = columns("requests", "replies");
  const [requests, replies] = traffic.values;
  const unanswered = requests.map((value, at) =>
    value === null ? null : Math.max(0, value - (replies[at] ?? 0)),
  );
  const outstanding = columns("outstanding");
  return (
    <div class="charts">
      <Chart
        title="Datagrams a second"
        series={[
          { label: "Requests", colour: 1, isFilled: true },
          { label: "Replies", colour: 2 },
        ]}
        columns={traffic}
        format={formatRate}
      />
      <Chart
        title="Reply time"
        series={[
          { label: "p50", colour: 1 },
          { label: "p99", colour: 3 },
        ]}
        columns={columns("p50Ms", "p99Ms")}
        format={formatMs}
        emptyText="No replies in the last five minutes"
      />
      <Chart
        title="Without a reply"
        series={[
          { label: "Requests less replies", colour: 4, isFilled: true },
          { label: "Unanswered now", colour: 6 },
        ]}
        columns={{ seconds: traffic.seconds, values: [unanswered, outstanding.values[0]] }}
        format={formatCount}
      />
    </div>
  );
}

/** All backends: a table to search, filter and sort, a page at a time. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { BackendTable } from "../components/backend-table.js";
import { Notice, Waiting } from "../components/notice.js";
import { usePage } from "../components/page-context.js";
import { Pager } from "../components/pager.js";
import { StateMark } from "../components/state-mark.js";
import type { SortOrder } from "../components/table.js";
import { ViewHeader } from "../components/view-header.js";
import { formatCount, plural } from "../format.js";
import { type BackendColumn, backendRows, filterRows, sortRows } from "../model/backend-rows.js";
import { countStates, STATE_LABELS, STATES } from "../model/backend-state.js";
import { backendKey } from "../model/history.js";
import { hrefOf } from "../model/route.js";

const PAGE_SIZE = 50;

export function BackendsView(): JSX.Element {
  const { state, route, watch } = usePage();
  const { pool = "", state: wantedState = "" } = route.query;
  const [text, setText] = useState("");
  const [page, setPage] = useState(0);
  const [order, setOrder] = useState<SortOrder<BackendColumn>>({ key: "state", isDescending: false });
  const { reading, rates } = state;
  if (reading === undefined) return <Empty />;
  const all = backendRows(reading.backends, rates, (name, figure) =>
    watch.timeline.last(backendKey(name, figure)),
  );
  const inPool = filterRows(all, { text, pool, state: "" });
  const rows = sortRows(
    filterRows(inPool, { text: "", pool: "", state: wantedState }),
    order.key,
    order.isDescending,
  );
  const shownPage = Math.min(page, Math.max(0, Math.ceil(rows.length / PAGE_SIZE) - 1));
  const counts = countStates(inPool.map(({ backend }) => backend));
  const go = (query: { pool?: string; state?: string }) => {
    location.hash = hrefOf("backends", [], { pool, state: wantedState, ...query });
    setPage(0);
  };
  return (
    <>
      <ViewHeader title="Backends" note={plural(reading.backends.length, "backend")} />
      <search class="filters" aria-label="Backends">
        <label class="field">
          <span>Name or address</span>
          <input
            type="search"
            value={text}
            spellcheck={false}
            onInput={(event) => {
              setText(event.currentTarget.value);
              setPage(0);
            }}
          />
        </label>
        <label class="field">
          <span>Pool</span>
          <select value={pool} onChange={(event) => go({ pool: event.currentTarget.value })}>
            <option value="">All pools</option>
            {reading.pools.map(({ name }) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <fieldset class="chips">
          <legend>State</legend>
          <button type="button" aria-pressed={wantedState === ""} onClick={() => go({ state: "" })}>
            All <span class="chip-count">{formatCount(inPool.length)}</span>
          </button>
          {STATES.map((name) => (
            <button
              key={name}
              type="button"
              aria-pressed={wantedState === name}
              onClick={() => go({ state: wantedState === name ? "" : name })}
            >
              <StateMark state={name} />
              {STATE_LABELS[name]} <span class="chip-count">{formatCount(counts[name])}</span>
            </button>
          ))}
        </fieldset>
      </search>
      {rows.length === 0 ? (
        <Notice title={all.length === 0 ? "There are no backends" : "No backend fits"}>
          {all.length === 0
            ? "Add some to the config, or look at the sources that should find them."
            : "Take away a filter to see more."}
        </Notice>
      ) : (
        <div class="card card-flush">
          <BackendTable
            rows={rows.slice(shownPage * PAGE_SIZE, (shownPage + 1) * PAGE_SIZE)}
            order={order}
            onOrder={setOrder}
          />
        </div>
      )}
      <Pager page={shownPage} pageSize={PAGE_SIZE} total={rows.length} onPage={setPage} />
    </>
  );
}

function Empty(): JSX.Element {
  return (
    <>
      <ViewHeader title="Backends" />
      <Waiting />
    </>
  );
}

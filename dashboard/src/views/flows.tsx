/** Live flows to search through, and where a client's next datagram would go. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { messageOf, withQuery } from "../api/client.js";
import type { FlowsView as FlowsAnswer, FlowView } from "../api/views.js";
import { EndFlowDialog } from "../components/end-flow-dialog.js";
import { ExplainPanel } from "../components/explain-panel.js";
import { FlowTable } from "../components/flow-table.js";
import { Notice } from "../components/notice.js";
import { usePage } from "../components/page-context.js";
import { ViewHeader } from "../components/view-header.js";
import { formatCount, plural } from "../format.js";
import { hrefOf } from "../model/route.js";

const PAGE_SIZE = 25;

interface Search {
  readonly client: string;
  readonly listener: string;
  readonly backend: string;
}

export function FlowsView(): JSX.Element {
  const { client, route, state } = usePage();
  const { client: address = "", listener = "", backend = "" } = route.query;
  const search: Search = { client: address, listener, backend };
  /** The `after` of each page up to the one that is shown. */
  const [pages, setPages] = useState<readonly string[]>([""]);
  const [answer, setAnswer] = useState<FlowsAnswer | undefined>(undefined);
  const [error, setError] = useState("");
  const [refreshes, setRefreshes] = useState(0);
  const [ending, setEnding] = useState<FlowView | undefined>(undefined);
  const query = withQuery("flows", { ...search, limit: PAGE_SIZE, after: pages.at(-1) });
  const isThere = state.connection === "live";

  useEffect(() => {
    if (!isThere) return;
    const abort = new AbortController();
    client
      .json<FlowsAnswer>(query, { signal: abort.signal })
      .then((flows) => {
        setAnswer(flows);
        setError("");
      })
      .catch((thrown) => {
        if (!abort.signal.aborted) setError(messageOf(thrown));
      });
    return () => abort.abort();
  }, [client, query, isThere, refreshes]);

  const refresh = () => setRefreshes((count) => count + 1);
  const submit = (next: Search) => {
    setPages([""]);
    location.hash = hrefOf("flows", [], { ...next });
    refresh();
  };
  const active = state.reading?.status.flows.active;
  return (
    <>
      <ViewHeader title="Flows" note={active === undefined ? "" : `${plural(active, "live flow")} now`}>
        <button type="button" onClick={refresh}>
          Refresh
        </button>
      </ViewHeader>
      <FlowSearch key={JSON.stringify(search)} search={search} onSearch={submit} />
      {error !== "" && (
        <Notice kind="error" title="The flows could not be listed">
          {error}
        </Notice>
      )}
      {error === "" && answer !== undefined && answer.flows.length === 0 && (
        <Notice title="No live flow fits">
          {Object.values(search).some((value) => value !== "")
            ? "Take away a filter, or ask below where the client would go."
            : "Flows appear here as soon as clients send."}
        </Notice>
      )}
      {error === "" && answer !== undefined && answer.flows.length > 0 && (
        <div class="card card-flush">
          <FlowTable flows={answer.flows} onEnd={setEnding} />
        </div>
      )}
      <nav class="pager" aria-label="Pages">
        <button type="button" disabled={pages.length === 1} onClick={() => setPages(pages.slice(0, -1))}>
          Previous
        </button>
        <span>Page {formatCount(pages.length)}</span>
        <button
          type="button"
          disabled={answer?.next == null}
          onClick={() => answer?.next != null && setPages([...pages, answer.next])}
        >
          Next
        </button>
      </nav>
      <ExplainPanel
        key={route.query.explain ?? ""}
        client={route.query.explain ?? address}
        listener={listener}
      />
      {ending !== undefined && (
        <EndFlowDialog flow={ending} onEnded={refresh} onClose={() => setEnding(undefined)} />
      )}
    </>
  );
}

interface FlowSearchProps {
  readonly search: Search;
  readonly onSearch: (search: Search) => void;
}

function FlowSearch({ search, onSearch }: FlowSearchProps): JSX.Element {
  const { reading } = usePage().state;
  const [draft, setDraft] = useState(search);
  const submit = (event: Event) => {
    event.preventDefault();
    onSearch({ ...draft, client: draft.client.trim(), backend: draft.backend.trim() });
  };
  return (
    <search aria-label="Flows">
      <form class="filters" onSubmit={submit}>
        <label class="field field-long">
          <span>Client</span>
          <input
            type="search"
            placeholder="192.0.2.1, with port, or 192.0.2.0/24"
            value={draft.client}
            spellcheck={false}
            onInput={(event) => setDraft({ ...draft, client: event.currentTarget.value })}
          />
        </label>
        <label class="field">
          <span>Listener</span>
          <select
            value={draft.listener}
            onChange={(event) => setDraft({ ...draft, listener: event.currentTarget.value })}
          >
            <option value="">All listeners</option>
            {reading?.listeners.map(({ name }) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <label class="field">
          <span>Backend</span>
          <input
            type="search"
            placeholder="name, or pool/name"
            value={draft.backend}
            spellcheck={false}
            onInput={(event) => setDraft({ ...draft, backend: event.currentTarget.value })}
          />
        </label>
        <button type="submit" class="primary">
          Search
        </button>
      </form>
    </search>
  );
}

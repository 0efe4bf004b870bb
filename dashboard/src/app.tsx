/** The page as a whole: header, the view that the address names, dialogs and messages. One redraw for each poll. */
import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { ApiClient } from "./api/client.js";
import { AppHeader } from "./components/app-header.js";
import { ConnectionBanner } from "./components/connection-banner.js";
import { type Message, Messages } from "./components/messages.js";
import { type Page, PageContext } from "./components/page-context.js";
import { TokenDialog } from "./components/token-dialog.js";
import type { EventLog } from "./model/event-log.js";
import { parseRoute, type Route } from "./model/route.js";
import type { Watch } from "./model/watch.js";
import { BackendDetail } from "./views/backend-detail.js";
import { BackendsView } from "./views/backends.js";
import { ConfigView } from "./views/config.js";
import { DropsView } from "./views/drops.js";
import { EventsView } from "./views/events.js";
import { FlowsView } from "./views/flows.js";
import { Overview } from "./views/overview.js";

const TITLES: Readonly<Record<Route["view"], string>> = {
  overview: "Overview",
  backends: "Backends",
  drops: "Drops",
  flows: "Flows",
  events: "Events",
  config: "Config",
};

interface AppProps {
  readonly client: ApiClient;
  readonly watch: Watch;
  readonly log: EventLog;
}

export function App({ client, watch, log }: AppProps): JSX.Element {
  const state = useWatchState(watch);
  const route = useRoute();
  const [messages, setMessages] = useState<readonly Message[]>([]);
  const nextId = useRef(0);
  const pid = state.reading?.status.pid;

  useEffect(() => {
    if (pid !== undefined) log.restart();
  }, [pid, log]);
  useEffect(() => {
    if (state.connection === "live") log.open();
  });
  useFocusOnView(route);

  const dismiss = (id: number) => setMessages((all) => all.filter((message) => message.id !== id));
  const tell: Page["tell"] = (text, kind = "done") => {
    const id = nextId.current++;
    setMessages((all) => [...all.slice(-2), { id, text, kind }]);
    if (kind === "done") setTimeout(dismiss, 6000, id);
  };
  const page = { client, watch, log, state, route, tell };
  return (
    <PageContext.Provider value={page}>
      <button type="button" class="skip-link" onClick={skipToContent}>
        Skip to content
      </button>
      <AppHeader />
      <ConnectionBanner />
      <main id="content" tabIndex={-1} data-stale={state.connection === "lost" ? "" : undefined}>
        <View route={route} />
      </main>
      <Messages messages={messages} onDismiss={dismiss} />
      <p class="visually-hidden" role="status" aria-live="polite">
        {state.announcement}
      </p>
      {state.connection === "locked" && <TokenDialog />}
    </PageContext.Provider>
  );
}

function View({ route }: { readonly route: Route }): JSX.Element {
  const [pool, name] = route.path;
  switch (route.view) {
    case "overview":
      return <Overview />;
    case "backends":
      if (pool === undefined || name === undefined) return <BackendsView />;
      return <BackendDetail key={`${pool}/${name}`} pool={pool} name={name} />;
    case "drops":
      return <DropsView />;
    case "flows":
      return <FlowsView />;
    case "events":
      return <EventsView />;
    case "config":
      return <ConfigView />;
  }
}

function useWatchState(watch: Watch): Watch["state"] {
  const [state, setState] = useState(watch.state);
  useEffect(() => watch.subscribe(() => setState(watch.state)), [watch]);
  return state;
}

function useRoute(): Route {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const follow = () => setHash(location.hash);
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return useMemo(() => parseRoute(hash), [hash]);
}

/** A change of the view moves the focus to its heading, as a new page would; a change of filters does not. */
function useFocusOnView({ view, path }: Route): void {
  const place = [view, ...path].join("/");
  const isFirst = useRef(true);
  useEffect(() => {
    document.title = path.length > 0 ? `${path.join("/")} – sluice` : `${TITLES[view]} – sluice`;
    if (!isFirst.current) {
      document.querySelector<HTMLElement>("main h1")?.focus({ preventScroll: true });
      scrollTo(0, 0);
    }
    isFirst.current = false;
  }, [place]);
}

/** A button, not a link to `#content`: that part of the address says which view is shown. */
function skipToContent(): void {
  document.getElementById("content")?.focus();
}

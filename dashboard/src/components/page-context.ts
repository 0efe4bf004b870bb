/** What every part of the page may use: the API, what is watched, where we are, and a way to tell the user something. */
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { ApiClient } from "../api/client.js";
import type { EventLog } from "../model/event-log.js";
import type { Route } from "../model/route.js";
import type { Watch, WatchState } from "../model/watch.js";

export interface Page {
  readonly client: ApiClient;
  readonly watch: Watch;
  readonly log: EventLog;
  readonly state: WatchState;
  readonly route: Route;
  /** A short message at the bottom, read out by screen readers: what was done, or why it was not. */
  readonly tell: (message: string, kind?: "done" | "failed") => void;
}

export const PageContext = createContext<Page | undefined>(undefined);

export function usePage(): Page {
  const page = useContext(PageContext);
  if (page === undefined) throw new Error("outside of the page");
  return page;
}

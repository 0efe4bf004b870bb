/**
 * Watches the balancer: one poll a second, rates between two polls, the timeline of the last minutes, and whether there is a
 * connection at all. Tells its subscribers once for each poll; between two polls nothing on the page changes by itself.
 */
import { type ApiClient, isAboutTokens, messageOf } from "../api/client.js";
import type { BackendView, HistoryView, ListenerView, PoolView, StatusView } from "../api/views.js";
import { addHistory } from "./history.js";
import { isSameRun, NO_RATES, type Rates, type Reading, ratesBetween } from "./rates.js";
import { describeStateChanges } from "./state-changes.js";
import { Timeline } from "./timeline.js";

/** `locked`: the API wants a token. */
export type Connection = "connecting" | "live" | "lost" | "locked";

export interface WatchState {
  readonly connection: Connection;
  /** Why the API is locked. */
  readonly refusal: string;
  /** Why there is no connection, and since when. */
  readonly trouble: { readonly message: string; readonly sinceMs: number } | undefined;
  readonly reading: Reading | undefined;
  readonly rates: Rates;
  /** The token may only look. */
  readonly isReadOnly: boolean;
  /** For screen readers: what has just changed. */
  readonly announcement: string;
}

const POLL_MS = 1000;
export const HISTORY_SECONDS = 300;
/** At each poll: enough to catch up on a sample or two that came late. */
const CATCH_UP_SECONDS = 5;

export class Watch {
  readonly timeline = new Timeline(HISTORY_SECONDS);
  readonly #client: ApiClient;
  readonly #subscribers = new Set<() => void>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isPolling = false;
  #state: WatchState = {
    connection: "connecting",
    refusal: "",
    trouble: undefined,
    reading: undefined,
    rates: NO_RATES,
    isReadOnly: false,
    announcement: "",
  };

  constructor(client: ApiClient) {
    this.#client = client;
    client.onLocked = ({ message }) => this.#set({ connection: "locked", refusal: message });
    client.onReadOnly = () => this.#set({ isReadOnly: true });
  }

  get state(): WatchState {
    return this.#state;
  }

  subscribe(listener: () => void): () => void {
    this.#subscribers.add(listener);
    return () => this.#subscribers.delete(listener);
  }

  start(): void {
    void this.#poll();
  }

  /** Says something to screen readers at once. */
  announce(announcement: string): void {
    this.#set({ announcement });
  }

  /** After a change: does not wait for the second to end. */
  pollSoon(): void {
    clearTimeout(this.#timer);
    void this.#poll();
  }

  setToken(token: string): void {
    this.#client.setToken(token);
    this.#set({ connection: "connecting", isReadOnly: false });
    this.pollSoon();
  }

  async #poll(): Promise<void> {
    if (this.#isPolling) return;
    this.#isPolling = true;
    const startedMs = performance.now();
    try {
      // A wrong token is to count once, not once for each part of a poll.
      if (this.#state.connection !== "live") await this.#client.json<StatusView>("status");
      const [reading, history] = await Promise.all([this.#read(), this.#readHistory()]);
      this.#accept(reading, history);
    } catch (error) {
      this.#fail(error);
    }
    this.#isPolling = false;
    if (this.#state.connection === "locked") return;
    this.#timer = setTimeout(
      () => void this.#poll(),
      Math.max(100, POLL_MS - (performance.now() - startedMs)),
    );
  }

  async #read(): Promise<Reading> {
    const [status, { listeners }, { pools }, { backends }] = await Promise.all([
      this.#client.json<StatusView>("status"),
      this.#client.json<{ listeners: ListenerView[] }>("listeners"),
      this.#client.json<{ pools: PoolView[] }>("pools"),
      this.#client.json<{ backends: BackendView[] }>("backends"),
    ]);
    return { atMs: Date.now(), status, listeners, pools, backends };
  }

  #readHistory(): Promise<HistoryView> {
    const missedMs = Date.now() - this.timeline.lastAtMs;
    // Long ago, or never (NaN): everything.
    const isNear = missedMs < (CATCH_UP_SECONDS - 2) * 1000;
    const seconds = isNear ? CATCH_UP_SECONDS : HISTORY_SECONDS;
    return this.#client.json<HistoryView>(`history?seconds=${seconds}`);
  }

  #accept(reading: Reading, history: HistoryView): void {
    const before = this.#state.reading;
    const isRestarted = before !== undefined && !isSameRun(before, reading);
    if (isRestarted) this.timeline.clear();
    addHistory(this.timeline, history);
    const wasLost = this.#state.connection === "lost";
    const said = [
      wasLost ? "The connection is back." : "",
      isRestarted ? "sluice was started anew." : "",
      before === undefined ? "" : describeStateChanges(before.backends, reading.backends),
    ].filter((text) => text !== "");
    this.#set({
      connection: "live",
      trouble: undefined,
      reading,
      rates: before === undefined ? NO_RATES : ratesBetween(before, reading),
      ...(said.length > 0 && { announcement: said.join(" ") }),
    });
  }

  #fail(error: unknown): void {
    if (isAboutTokens(error)) return;
    const isFirst = this.#state.connection !== "lost";
    this.#set({
      connection: "lost",
      trouble: { message: messageOf(error), sinceMs: this.#state.trouble?.sinceMs ?? Date.now() },
      ...(isFirst && { announcement: "No connection to sluice. Trying again every second." }),
    });
  }

  #set(change: Partial<WatchState>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#subscribers) listener();
  }
}

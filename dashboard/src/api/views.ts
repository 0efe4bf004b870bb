/** What the API answers, as the page reads it. Types only: nothing of the schemas goes into the page. */
export type {
  BackendView,
  ErrorView,
  EventType,
  EventView,
  ExplanationView,
  FlowsView,
  FlowView,
  HistoryView,
  ListenerView,
  PlanView,
  PoolView,
  ProblemView,
  ReloadView,
  SourceView,
  StatusView,
  WorkerView,
} from "#src/admin/schemas.js";

/** A part of `ReloadView` and `PlanView`: names. */
export interface ChangesView {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

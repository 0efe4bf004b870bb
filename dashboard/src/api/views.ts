/** What the API answers, as the page reads it: the library's types after a trip through JSON. */
import type {
  BackendStats,
  Changes,
  ConfigPlan,
  Explanation,
  FlowInfo,
  ListenerStats,
  ReloadResult,
  ReplyTime,
  SourceStats,
  Stats,
  Traffic,
  WorkerStats,
} from "#src/api.js";

/** What does not exist is null in JSON, whether it was NaN or undefined. */
type Nullable<T> = { readonly [K in keyof T]: T[K] extends number ? number | null : T[K] };

export type { Changes, Explanation, ReloadResult, Traffic };
export type ConfigPlanView = ConfigPlan;
export type ListenerView = ListenerStats;
export type BackendView = Omit<BackendStats, "replyTime"> & {
  readonly replyTime: Nullable<ReplyTime>;
  readonly probes?: {
    readonly ok: number;
    readonly failed: number;
    readonly lastMs: number | null;
    readonly lastError: string | null;
    readonly lastAt?: string | null;
  } | null;
};
export interface PoolView {
  readonly name: string;
  readonly policy: string;
  readonly affinity: string;
  readonly failOpen: boolean;
  readonly backends: readonly string[];
  readonly up: number;
  readonly total: number;
}
export interface WarningView {
  readonly code: string;
  readonly message: string;
  readonly at: string;
}
export interface StatusView {
  readonly version: string;
  readonly pid: number;
  readonly node: string;
  readonly plane: string;
  readonly planeNotes: readonly string[];
  readonly configVersion: number;
  readonly configSource: "file" | "api" | "program";
  readonly startedAt: string;
  readonly uptimeMs: number;
  readonly ready: boolean;
  readonly flows: Stats["flows"];
  readonly drops: Readonly<Record<string, number>>;
  readonly replyDrops: Readonly<Record<string, number>>;
  readonly totals: { readonly requests: Traffic; readonly replies: Traffic };
  readonly workers: readonly WorkerStats[];
  readonly sources: readonly SourceStats[];
  readonly warnings: readonly WarningView[];
}
export type FlowView = FlowInfo & { readonly id: string };
export interface Problem {
  readonly line?: number | null;
  readonly column?: number | null;
  readonly path: string;
  readonly message: string;
}

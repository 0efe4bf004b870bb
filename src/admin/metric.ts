/** What a metric is here: a name, a meaning, and how its values are read from one look at the balancer. */
import type { Stats } from "../api.js";

export type Labels = Readonly<Record<string, string>>;
/** One value with its labels. */
export type Sample = readonly [labels: Labels, value: number];

/** One histogram with its labels. Counts are cumulative; bounds and sum are in the metric's unit. */
export interface HistogramSample {
  readonly labels: Labels;
  readonly buckets: readonly { readonly upTo: number; readonly samples: number }[];
  readonly samples: number;
  readonly sum: number;
}

/** What the admin side counts about itself. */
export interface AdminFigures {
  readonly requests: ReadonlyMap<string, number>;
  readonly reloads: { readonly ok: number; readonly failed: number };
}

/** What is looked at: everything of one moment. */
export interface Look {
  readonly stats: Stats;
  readonly admin: AdminFigures;
  readonly version: string;
}

interface Named {
  /** As Prometheus has it. */
  readonly name: string;
  readonly help: string;
}
export interface NumberMetric extends Named {
  readonly type: "counter" | "gauge";
  readonly read: (look: Look) => readonly Sample[];
}
export interface HistogramMetric extends Named {
  readonly type: "histogram";
  readonly read: (look: Look) => readonly HistogramSample[];
}
export type Metric = NumberMetric | HistogramMetric;

export function counter(name: string, help: string, read: NumberMetric["read"]): NumberMetric {
  return { type: "counter", name, help, read };
}

export function gauge(name: string, help: string, read: NumberMetric["read"]): NumberMetric {
  return { type: "gauge", name, help, read };
}

/** Arithmetic on the figures of the API: rates, sums, names. */
import type { BackendView, CountersView } from "../../admin/schemas.js";

/** A function from a count of the interval to a rate. */
export function ratesOf({ fromAt, toAt }: Pick<CountersView, "fromAt" | "toAt">): (count: number) => number {
  const seconds = (Date.parse(toAt) - Date.parse(fromAt)) / 1000;
  return (count) => (seconds > 0 ? count / seconds : 0);
}

export function joinDrops(
  ...counts: readonly Readonly<Record<string, number>>[]
): ReadonlyMap<string, number> {
  const joined = new Map<string, number>();
  for (const [reason, count] of counts.flatMap((one) => Object.entries(one))) {
    joined.set(reason, (joined.get(reason) ?? 0) + count);
  }
  return joined;
}

export const nameOf = ({ pool, name }: Pick<BackendView, "pool" | "name">): string => `${pool}/${name}`;

export const sumOf = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

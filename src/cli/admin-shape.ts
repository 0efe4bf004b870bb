/**
 * Checks that an answer has what a command reads, and no more than that: a balancer that was started before the last update
 * may know fewer drop reasons or fields than this command, and must still be asked for its status.
 */
import type { AdminAccess } from "./admin-access.js";
import { notSluice } from "./admin-errors.js";

/** The fields of `T` that are read. A `?` after the kind allows null, and a field that is not there. */
export type Shape<T> = null extends T ? Optional<NonNullable<T>> : Required<T>;

type Optional<T> = [T] extends [string] ? "text?" : [T] extends [number] ? "number?" : "anything";
type Required<T> = [T] extends [string]
  ? "text"
  : [T] extends [number]
    ? "number"
    : [T] extends [boolean]
      ? "boolean"
      : T extends readonly (infer I)[]
        ? readonly [Shape<I>]
        : { readonly [K in keyof T]?: Shape<T[K]> } | { readonly [EACH]: Shape<T[keyof T]> };

/** Stands for every key of a map, whatever they are. */
export const EACH = "*";

type AnyShape = string | readonly [AnyShape] | { readonly [key: string]: AnyShape };

/** @throws AdminError when something that is read is missing or of another kind */
export function readAs<T>(value: unknown, shape: Shape<T>, access: AdminAccess): T {
  const mismatch = findMismatch(value, shape as AnyShape, "its answer");
  if (mismatch !== undefined) throw notSluice(access, mismatch);
  return value as T;
}

function findMismatch(value: unknown, shape: AnyShape, at: string): string | undefined {
  if (typeof shape === "string") return isKind(value, shape) ? undefined : `${at} is not ${nameOf(shape)}`;
  if (Array.isArray(shape)) {
    if (!Array.isArray(value)) return `${at} is not a list`;
    return first(value.map((item, i) => () => findMismatch(item, shape[0], `${at}[${i}]`)));
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return `${at} is not a map`;
  const fields = value as Readonly<Record<string, unknown>>;
  const shapes = shape as { readonly [key: string]: AnyShape };
  const keys = EACH in shapes ? Object.keys(fields) : Object.keys(shapes);
  return first(
    keys.map((key) => () => findMismatch(fields[key], shapes[EACH in shapes ? EACH : key], `${at}.${key}`)),
  );
}

function first(checks: readonly (() => string | undefined)[]): string | undefined {
  for (const check of checks) {
    const mismatch = check();
    if (mismatch !== undefined) return mismatch;
  }
  return undefined;
}

function isKind(value: unknown, kind: string): boolean {
  if (kind === "anything") return true;
  if (kind.endsWith("?")) return value === null || value === undefined || isKind(value, kind.slice(0, -1));
  return kind === "text" ? typeof value === "string" : typeof value === kind;
}

const nameOf = (kind: string): string =>
  kind.startsWith("boolean") ? "true or false" : `a ${kind.replace("?", "")}`;

/** Reads the errors of the admin API: `{ "error": { "code", "message", "problems"? } }`. */
import type { AdminAccess } from "./admin-access.js";
import type { AdminAnswer } from "./admin-client.js";
import { notSluice } from "./admin-errors.js";

export interface Refusal {
  readonly code: string;
  readonly message: string;
  /** Of a config that was sent; the file is not the server's to know. */
  readonly problems: readonly RefusedPlace[];
  /** How many more problems there are. */
  readonly more: number;
}

export interface RefusedPlace {
  readonly line: number | undefined;
  readonly column: number | undefined;
  readonly path: string;
  readonly message: string;
}

/** @throws AdminError when it is not an error in this form */
export function readRefusal({ status, text }: AdminAnswer, access: AdminAccess): Refusal {
  const error = fieldsOf(fieldsOf(parse(text)).error);
  const { code, message, problems, more } = error;
  if (typeof code !== "string" || typeof message !== "string") {
    throw notSluice(access, `HTTP status ${status} came, without an explanation`);
  }
  const places = Array.isArray(problems) ? problems.map(readPlace) : [];
  return { code, message, problems: places, more: typeof more === "number" ? more : 0 };
}

function readPlace(value: unknown): RefusedPlace {
  const { line, column, path, message } = fieldsOf(value);
  return {
    line: typeof line === "number" ? line : undefined,
    column: typeof column === "number" ? column : undefined,
    path: typeof path === "string" ? path : "",
    message: typeof message === "string" ? message : "not valid",
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Anything but a map has no fields. */
function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

/** Turns what zod found into findings in our own words, one for each thing that is wrong. */
import type { z } from "zod";
import type { Finding } from "./check-names.js";
import { asFields } from "./draft.js";
import { createJsonSchema, type JsonSchema } from "./json-schema.js";
import type { KeyPath } from "./key-path.js";
import { knownKeys } from "./known-keys.js";
import { didYouMean } from "./nearest.js";

type Issue = z.core.$ZodIssue;

/** The findings of a failed parse, without repetitions; of each map at most `max` unknown keys. */
export function toFindings(issues: readonly Issue[], max: number): Finding[] {
  const findings = fromIssues(issues, [], { max, schema: createJsonSchema() });
  const seen = new Set<string>();
  return findings.filter(({ path, message }) => {
    const key = JSON.stringify([path, message]);
    return seen.has(key) ? false : seen.add(key);
  });
}

/** How many things `issues` are, each unknown key being one. */
export function countIssues(issues: readonly Issue[]): number {
  return issues.reduce((sum, issue) => sum + (issue.code === "unrecognized_keys" ? issue.keys.length : 1), 0);
}

interface Context {
  readonly max: number;
  readonly schema: JsonSchema;
}

/** Text has a length as well, so zod says of one in place of a list that it is too long too: only its kind is wrong. */
function fromIssues(issues: readonly Issue[], parent: KeyPath, context: Context): Finding[] {
  const placeOf = ({ path }: Issue) => path.map(String).join("\n");
  const wrongKinds = new Set(issues.filter(({ code }) => code === "invalid_type").map(placeOf));
  return issues
    .filter((issue) => !(isWrongLength(issue) && wrongKinds.has(placeOf(issue))))
    .flatMap((issue) => fromIssue(issue, parent, context));
}

function isWrongLength({ code }: Issue): boolean {
  return code === "too_big" || code === "too_small";
}

function fromIssue(issue: Issue, parent: KeyPath, context: Context): Finding[] {
  const path = [...parent, ...issue.path.map((part) => (typeof part === "symbol" ? String(part) : part))];
  if (issue.code === "unrecognized_keys") {
    const { type } = asFields(issue.input);
    const known = knownKeys(context.schema, path, type);
    const keys = issue.keys.slice(0, context.max);
    return keys.map((key) => ({ path: [...path, key], message: describeUnknown(key, known), target: "key" }));
  }
  if (issue.code === "invalid_union") {
    const meant = issue.errors.find((errors) => !errors.some(isWrongKind));
    if (meant !== undefined) return fromIssues(meant, path, context);
  }
  return [{ path, message: issue.message }];
}

/** Whether this alternative of a union is not the one that was meant: the value is of another kind altogether. */
function isWrongKind(issue: Issue): boolean {
  return issue.path.length === 0 && (issue.code === "invalid_type" || issue.code === "invalid_value");
}

function describeUnknown(key: string, known: readonly string[]): string {
  return `unknown key${didYouMean(key, known) || `, expected ${known.join(", ")}`}`;
}

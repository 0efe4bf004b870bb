/** Where something is in a config: the keys and list positions that lead to it. */

export type KeyPath = readonly (string | number)[];

/** A longer key is quoted, and cut. */
const PLAIN_KEY = /^[A-Za-z_][\w-]{0,59}$/;

/** `pools[0].backends[2].weight`; a key that is not a plain word is quoted: `pools["a b"]`. Empty for the whole. */
export function formatPath(path: KeyPath): string {
  let text = "";
  for (const part of path) {
    if (typeof part === "number") text += `[${part}]`;
    else if (!PLAIN_KEY.test(part)) text += `[${quote(part)}]`;
    else text += text === "" ? part : `.${part}`;
  }
  return text;
}

/** The value as a message shows it: short, on one line, without control characters. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

/** Names what was found where something else was expected. */
export function describeValue(value: unknown): string {
  if (value === null) return "nothing";
  if (typeof value === "string") return quote(value);
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a map";
  if (typeof value === "function" || typeof value === "symbol") return `a ${typeof value}`;
  return String(value);
}

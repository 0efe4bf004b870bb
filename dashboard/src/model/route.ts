/** The part of the address after `#`: which view, of what, with which filters. Made and read here only. */

export const VIEWS = ["overview", "backends", "drops", "flows", "events", "config"] as const;
export type ViewName = (typeof VIEWS)[number];

export interface Route {
  readonly view: ViewName;
  /** Such as the pool and the name of a backend. */
  readonly path: readonly string[];
  readonly query: Readonly<Record<string, string>>;
}

export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#?\/?/, "").split("?");
  const [first = "", ...rest] = path.split("/").map(decode);
  const view = VIEWS.find((name) => name === first) ?? "overview";
  return {
    view,
    path: rest.filter((part) => part !== ""),
    query: Object.fromEntries(new URLSearchParams(query)),
  };
}

export function hrefOf(
  view: ViewName,
  path: readonly string[] = [],
  query: Readonly<Record<string, string | undefined>> = {},
): string {
  const parts = view === "overview" ? [] : [view, ...path.map(encodeURIComponent)];
  const entries = Object.entries(query).filter((entry): entry is [string, string] => Boolean(entry[1]));
  const search = entries.length === 0 ? "" : `?${new URLSearchParams(entries)}`;
  return `#/${parts.join("/")}${search}`;
}

export function backendHref({ pool, name }: { readonly pool: string; readonly name: string }): string {
  return hrefOf("backends", [pool, name]);
}

/** Text that somebody typed may not be what `encodeURIComponent` makes. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * What a config reaches outside of itself: programs that it runs, files and sockets that it reads, writes or makes. Who may
 * send one without having shown who they are must not get at these with sluice's rights.
 */
const PATH_KEYS = new Set(["file", "denyFile", "allowFile", "cert", "key", "env"]);
const UNIX = "unix:";

/**
 * Each with where it stands in the config, for a file that is read may not be written; positions in lists do not count.
 * From a config as it is written, valid or not.
 */
export function outsideReach(document: unknown): Set<string> {
  const reach = new Set<string>();
  collect(document, [], reach);
  return reach;
}

/** What `next` reaches and `running` does not. */
export function newReach(next: unknown, running: unknown): string[] {
  const known = outsideReach(running);
  return [...outsideReach(next)].filter((each) => !known.has(each));
}

function collect(value: unknown, path: readonly string[], reach: Set<string>): void {
  const key = path.at(-1) ?? "";
  if (key === "command") reach.add(`${path.join(".")}: ${JSON.stringify(value)}`);
  else if (typeof value === "string") {
    if (PATH_KEYS.has(key) || value.startsWith(UNIX)) reach.add(`${path.join(".")}: ${value}`);
  } else if (Array.isArray(value)) for (const each of value) collect(each, path, reach);
  else if (typeof value === "object" && value !== null)
    for (const [name, each] of Object.entries(value)) collect(each, [...path, name], reach);
}

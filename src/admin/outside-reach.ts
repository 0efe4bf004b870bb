/**
 * What a config reaches outside of itself: programs that it runs, files and sockets that it reads, writes or makes. Who may
 * send one without having shown who they are must not get at these with sluice's rights.
 */
const PATH_KEYS = new Set(["file", "denyFile", "allowFile", "cert", "key", "env"]);
const UNIX = "unix:";

/** Each as text that is equal when the reach is; from a config as it is written, valid or not. */
export function outsideReach(document: unknown): Set<string> {
  const reach = new Set<string>();
  collect(document, "", reach);
  return reach;
}

/** What `next` reaches and `running` does not. */
export function newReach(next: unknown, running: unknown): string[] {
  const known = outsideReach(running);
  return [...outsideReach(next)].filter((each) => !known.has(each));
}

function collect(value: unknown, key: string, reach: Set<string>): void {
  if (key === "command") reach.add(`command: ${JSON.stringify(value)}`);
  else if (typeof value === "string") {
    if (PATH_KEYS.has(key)) reach.add(`${key}: ${value}`);
    else if (value.startsWith(UNIX)) reach.add(value);
  } else if (Array.isArray(value)) for (const each of value) collect(each, key, reach);
  else if (typeof value === "object" && value !== null)
    for (const [name, each] of Object.entries(value)) collect(each, name, reach);
}

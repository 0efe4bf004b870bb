// pen, an old small balancer: it keeps each client address, not port, on one backend.
import { spawnSync } from "node:child_process";

/** What is installed here, or undefined. pen does not tell its version; Debian does. */
export function findPen() {
  if (spawnSync("pen", ["-h"]).error) return undefined;
  const { stdout } = spawnSync("dpkg-query", ["--status", "pen"], { encoding: "utf8" });
  return { version: /^Version: ([\d.]+)/m.exec(stdout)?.[1] ?? "unknown" };
}

export function penByClient({ version }) {
  return {
    name: "pen",
    version,
    detail: "affinity by client address",
    command: ({ listen, backends }) => ({
      program: "pen",
      args: ["-f", "-U", "-c", "4096", "-x", "4096", listen, ...backends],
    }),
  };
}

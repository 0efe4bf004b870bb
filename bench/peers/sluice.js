// sluice itself: the command as a user would run it, or the library in a script that tells of its heap.
import { fileURLToPath } from "node:url";

const COMMAND = fileURLToPath(new URL("../../bin/sluice.js", import.meta.url));
const STEADY_SCRIPT = fileURLToPath(new URL("./steady-balancer.js", import.meta.url));
const SCRAPER_SCRIPT = fileURLToPath(new URL("./scraper.js", import.meta.url));
const ADMIN = "127.0.0.1:9901";
const BATCHED = ["--plane", "batched", "--workers", "1"];

/** The batched plane with these flags. @param {string[]} flags */
export function sluice(...flags) {
  return createSluice([...BATCHED, ...flags]);
}

/** The batched plane with these flags, and somebody who asks for its metrics every second, on the CPU of the load. */
export function scrapedSluice(...flags) {
  return {
    ...createSluice([...BATCHED, ...flags, "--admin", ADMIN]),
    client: {
      program: process.execPath,
      args: [SCRAPER_SCRIPT, `http://${ADMIN}/metrics`],
      label: "scraper",
    },
  };
}

/** The portable plane with these flags. @param {string[]} flags */
export function portableSluice(...flags) {
  return createSluice(["--plane", "portable", ...flags]);
}

/** The batched plane inside a script that answers how large its heaps are. */
export function steadySluice() {
  return {
    name: "sluice",
    detail: "library, --plane batched --workers 1 --affinity client",
    command: ({ listen, backends }) => ({
      program: process.execPath,
      args: [STEADY_SCRIPT, listen, ...backends],
      ipc: true,
    }),
  };
}

/** The portable plane's rival: bench/peers/naive-proxy.js. */
export function naiveProxy() {
  const script = fileURLToPath(new URL("./naive-proxy.js", import.meta.url));
  return {
    name: "naive node:dgram proxy",
    detail: "bench/peers/naive-proxy.js",
    command: ({ listen, backends }) => ({
      program: process.execPath,
      args: [script, ...[listen, ...backends].map(portOf)],
    }),
  };
}

function createSluice(flags) {
  return {
    name: "sluice",
    detail: flags.join(" "),
    command: ({ listen, backends }) => ({
      program: process.execPath,
      args: [
        ...[COMMAND, "run", "--listen", listen],
        ...backends.flatMap((backend) => ["--backend", backend]),
        ...["--log-level", "warn", "--grace", "0s"],
        ...flags,
      ],
    }),
  };
}

function portOf(address) {
  return address.slice(address.lastIndexOf(":") + 1);
}

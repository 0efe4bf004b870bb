/**
 * Which programs of the machine a test needs. A test may skip only where the program is really absent; in CI, where
 * `.ci/run` has installed them all, absence is a failure.
 */
import { spawnSync } from "node:child_process";

/** How to ask a program for its version: cheap, and harmless wherever it runs. */
const PROBES = {
  python3: ["--version"],
  dig: ["-v"],
  dnsmasq: ["--version"],
  nginx: ["-v"],
  ip: ["-V"],
  nft: ["-v"],
  prlimit: ["--version"],
  "systemd-analyze": ["--version"],
  openssl: ["version"],
  freeradius: ["-v"],
  turnserver: ["-h"],
  chronyd: ["-v"],
  kamailio: ["-v"],
  "coap-server-notls": ["-?"],
  gtlsserver: ["--help"],
  promtool: ["--version"],
  tshark: ["--version"],
  bash: ["--version"],
  tmux: ["-V"],
} as const;
export type Program = keyof typeof PROBES;

/** For the options of `test()`: `test("...", needs("python3"), () => ...)`. Throws in CI instead of skipping. */
export function needs(...programs: Program[]): { skip: string | false } {
  return skipWithout(programs.filter((program) => spawnSync(program, PROBES[program]).error !== undefined));
}

/** The same for what has no program of its own in the list. */
export function skipWithout(missing: readonly string[]): { skip: string | false } {
  if (missing.length === 0) return { skip: false };
  const reason = `not on this machine: ${missing.join(", ")}`;
  if (process.env.CI && process.platform === "linux")
    throw new Error(`${reason}, and in CI that is a failure`);
  return { skip: reason };
}

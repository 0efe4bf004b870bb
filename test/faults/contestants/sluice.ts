/** sluice, one contestant for each plane; as a library, or as the command where the fault is an upgrade. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ConfigInput } from "#src/config/config.js";
import { ROOT } from "../../support/markdown.js";
import { SLUICE } from "../../support/run-cli.js";
import { Child } from "../messages.js";
import type { TestBed } from "../test-bed.js";
import { type Contestant, formatPlace, type RunningBalancer } from "./contestant.js";

type Plane = "batched" | "portable";
interface Settings {
  readonly plane: Plane;
  /** Failed probes in a row that take a backend down; 0 for no probes. */
  readonly fall: number;
  /** What becomes of what a dead backend has not answered. */
  readonly unanswered: "lose" | "resend";
  /** Whether a client stays with a backend, or each request goes its own way. */
  readonly affinity: "client" | "none";
  /** Whether flows leave a silent backend before a probe has confirmed that. */
  readonly silence: "keep" | "move";
}

const HEALTH = {
  probe: { type: "udp", send: "probe", expect: { text: "probe" } },
  interval: "1s",
  timeout: "500ms",
  fastInterval: "200ms",
} as const;
const USUAL_FALL = 2;
const NAMES = ["a", "b", "c"];

export function sluice(plane: Plane, special: Partial<Omit<Settings, "plane">> = {}): Contestant {
  const usual = { fall: USUAL_FALL, unanswered: "lose", affinity: "client", silence: "keep" } as const;
  const settings: Settings = { plane, ...usual, ...special };
  const { fall, unanswered, affinity, silence } = settings;
  const workers = plane === "batched" ? ", two workers" : "";
  const health =
    fall > 0 ? `probes every 1 s, timeout 500 ms, fall ${fall}, fast interval 200 ms` : "no probes";
  const probes = fall === USUAL_FALL ? "" : fall === 0 ? ", no probes" : `, fall ${fall}`;
  const resend = unanswered === "resend" ? ", resend" : "";
  const moving = silence === "move" ? ", silence: move" : "";
  const dealt = affinity === "none" ? ", affinity none" : "";
  const keys = `${resend && ", `failover.unanswered: resend`"}${moving && ", `passive.silence: move`"}`;
  return {
    name: `sluice ${plane}${probes}${dealt}${moving}${resend}`,
    settings: `affinity ${affinity}${workers}, ${health}${keys}; everything else by default`,
    version: JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")).version,
    dns: false,
    cannot: plane === "portable" ? { workers: "has no workers" } : {},
    start: (bed, folder, fault) =>
      fault === "upgrade"
        ? startCommand(bed, folder, settings)
        : startLibrary(bed, settings, fault === "dns"),
  };
}

async function startLibrary(bed: TestBed, settings: Settings, byName: boolean): Promise<RunningBalancer> {
  const config = createConfig(bed, settings);
  const hosts = bed.backends.map(({ host }) => host);
  const names = byName ? [hosts.join(","), `${bed.backends[0]!.port}`] : [];
  const args = [JSON.stringify(config), ...names];
  const child = await Child.open(bed.near, "contestants/sluice-program", ...args);
  const reload = async (next: ConfigInput) => void (await child.ask("reload", { config: next }));
  return {
    flowPids: () => [child.pid],
    drain: async (backend) => void (await child.ask("drain", { backend: NAMES[backend] })),
    remove: (backend) => reload(createConfig(bed, settings, { removed: backend })),
    leaveDns: async (backend) =>
      void (await child.ask("setNames", { hosts: hosts.filter((_, index) => index !== backend) })),
    reload: (round) => reload(createConfig(bed, settings, { round })),
    upgrade: noSuchOperation,
    killWorker: async () => void (await child.ask("killWorker")),
    drops: () => child.ask("drops"),
    stop: () => child.kill(),
  };
}

/** The command: what SIGUSR2 is for. Its successor is another process, which ends when we kill it by its pid. */
async function startCommand(bed: TestBed, folder: string, settings: Settings): Promise<RunningBalancer> {
  const file = join(folder, "sluice.json");
  writeFileSync(file, JSON.stringify({ ...createConfig(bed, settings), shutdown: { grace: "2s" } }));
  const args = ["run", file, "--log-format", "json"];
  const child = Child.start([...bed.near, process.execPath, SLUICE, ...args]);
  let pid = child.pid;
  await logged(child, /"msg":"ready"/);
  return {
    flowPids: () => [pid],
    drain: noSuchOperation,
    remove: noSuchOperation,
    leaveDns: noSuchOperation,
    reload: noSuchOperation,
    async upgrade() {
      process.kill(pid, "SIGUSR2");
      pid = Number((await logged(child, /"newPid":(\d+)[^\n]*"msg":"upgraded/))[1]);
    },
    killWorker: noSuchOperation,
    drops: async () => undefined,
    async stop() {
      for (const running of new Set([pid, child.pid])) killIfThere(running);
      await child.kill();
    },
  };
}

function createConfig(
  bed: TestBed,
  { plane, fall, unanswered, affinity, silence }: Settings,
  { round = 0, removed = -1 }: { readonly round?: number; readonly removed?: number } = {},
): ConfigInput {
  const backends = bed.backends.map((place, index) => ({
    name: NAMES[index]!,
    address: formatPlace(place),
    weight: 1 + ((round + index) % 3),
  }));
  const even = backends.map(({ name, address }) => ({ name, address }));
  return {
    plane,
    ...(plane === "batched" && { workers: 2 }),
    listeners: [{ name: "main", address: formatPlace(bed.listen), pool: "p" }],
    pools: [
      {
        name: "p",
        affinity,
        failover: { unanswered },
        passive: { silence },
        backends: (round === 0 ? even : backends).filter((_, index) => index !== removed),
        ...(fall > 0 && { health: { ...HEALTH, fall } }),
      },
    ],
  };
}

async function logged(child: Child, pattern: RegExp, tries = 1500): Promise<RegExpExecArray> {
  const match = pattern.exec(child.output);
  if (match !== null) return match;
  if (tries === 0) throw new Error(`sluice did not say ${pattern}: ${child.output}`);
  await sleep(10);
  return logged(child, pattern, tries - 1);
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended, as it should.
  }
}

async function noSuchOperation(): Promise<never> {
  throw new Error("this way of running sluice has no such operation");
}

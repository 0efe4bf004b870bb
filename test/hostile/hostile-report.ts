/** What a run under attack found, as text and as a judgement. */
import type { Drops, Stats } from "#src/api.js";
import type { FloodCount } from "./flood-plan.js";
import type { HonestCount } from "./honest-program.js";

export interface HostileOptions {
  readonly plane: "portable" | "batched";
  readonly guard: boolean;
  /** Of listener, honest clients and made-up addresses. Backends are IPv4. */
  readonly family: 4 | 6;
  /** Packets of the flood: nearly all are datagrams. */
  readonly datagrams: number;
  readonly clients: number;
  readonly perSecond: number;
  readonly seed: number;
  readonly errors: { readonly packets: number; readonly perSecond: number };
  /** Datagrams of a second flood, against a plain echo server instead of the balancer. Default none. */
  readonly control?: number;
  readonly onProgress?: (line: string) => void;
}

export type PhaseReport = HonestCount;

export interface ErrorsReport {
  readonly sent: number;
  /** Those that the kernel believed and sluice was told of. */
  readonly taken: number;
  /** Most backends that were down at once. */
  readonly mostDown: number;
  readonly firstDownMs: number;
  readonly moved: number;
  readonly countedAsRefused: number;
  readonly honest: PhaseReport;
}

export interface HostileReport {
  readonly plane: string;
  readonly options: HostileOptions;
  readonly flood: FloodCount;
  readonly tookMs: number;
  readonly phases: Readonly<Record<"calm" | "flood" | "errors" | "after", PhaseReport>>;
  /** At the end of the flood. */
  readonly stats: Stats;
  readonly requestsDuringFlood: number;
  /** Datagrams that the kernel dropped since a queue was full: the listener's, as a rule. */
  readonly kernelDrops: number;
  readonly rssBeforeMiB: number;
  readonly rssHighestMiB: number;
  readonly rssAfterMiB: number;
  readonly warnings: readonly string[];
  readonly errors: ErrorsReport;
  readonly statsAfter: Stats;
  /** What honest clients had of the plain echo server under the same flood: what this machine can do at all. */
  readonly control: PhaseReport | undefined;
}

/** Of what they have of a plain echo server, where that was tried. */
const LEAST_ANSWERED = 0.9;
/** Figures are read while honest clients go on: one read of several workers is not one moment. */
const UNDER_WAY = 32;
/** The table of 8,192 flows with their sockets' share, the guard's tables, the interpreter's heap. */
const MOST_GROWTH_MIB = 256;

/** Everything that is not as it should be. */
export function judgeHostile(report: HostileReport): string[] {
  const { phases, stats, flood, options, statsAfter } = report;
  const faults: string[] = [];
  const expect = (holds: boolean, fault: string) => holds || faults.push(fault);
  if (options.guard) {
    const { sent, answered } = phases.flood;
    expect(
      sent > 0 && answered >= LEAST_ANSWERED * controlShare(report) * sent,
      `honest clients had ${answered} of ${sent} answers`,
    );
  }
  // Payloads that forged ICMP errors quote are no exception: they are not what was sent.
  for (const name of ["calm", "flood", "errors", "after"] as const) {
    expect(phases[name].wrong === 0, `${name}: ${phases[name].wrong} wrong replies`);
  }
  const calm = phases.after;
  expect(
    calm.answered === calm.sent,
    `afterwards honest clients had ${calm.answered} of ${calm.sent} answers`,
  );
  const grownMiB = report.rssHighestMiB - report.rssBeforeMiB;
  expect(grownMiB <= MOST_GROWTH_MIB, `memory grew by ${grownMiB.toFixed(0)} MiB`);
  expect(stats.flows.active <= stats.flows.max, `${stats.flows.active} flows of ${stats.flows.max}`);
  for (const [name, of] of [
    ["flood", stats],
    ["ICMP errors", statsAfter],
  ] as const) {
    for (const fault of inconsistencies(of)) faults.push(`after the ${name}: ${fault}`);
  }
  const honestSent = phases.flood.sent + phases.flood.newcomersSent;
  const arrived = report.requestsDuringFlood + report.kernelDrops;
  const sent = flood.datagrams + honestSent;
  // Full queues of backends count as well, and a wrong checksum is right by chance now and then.
  expect(arrived <= 1.005 * sent + 50, `${arrived} arrived of ${sent} sent`);
  expect(arrived >= 0.9 * sent, `only ${arrived} arrived of ${sent} sent`);
  return faults;
}

/** The part of the honest clients' requests that was answered without the balancer. */
export function controlShare({ control }: HostileReport): number {
  return control === undefined || control.sent === 0 ? 1 : control.answered / control.sent;
}

/** Sums that must hold, and counts that must not be negative. */
function inconsistencies(stats: Stats): string[] {
  const faults: string[] = [];
  const requests = stats.listeners[0].requests.datagrams;
  const forwarded = stats.backends.reduce((sum, backend) => sum + backend.requests.datagrams, 0);
  const dropped = total(stats.drops);
  if (Math.abs(requests - forwarded - dropped) > UNDER_WAY)
    faults.push(`${requests} requests, ${forwarded} forwarded, ${dropped} dropped`);
  for (const { name, requests: to, replies: from, outstanding } of stats.backends) {
    if (to.datagrams < 0 || to.bytes < 0 || outstanding < 0)
      faults.push(
        `${name}: ${to.datagrams} requests of ${to.bytes} bytes, ${from.datagrams} replies, ${outstanding} outstanding`,
      );
  }
  return faults;
}

export function formatHostile(report: HostileReport): string {
  const { flood, stats, phases, errors, options } = report;
  const rate = (flood.datagrams + flood.malformed + flood.icmpErrors) / (report.tookMs / 1000);
  return [
    `plane ${report.plane}, IPv${options.family}, guard ${options.guard ? "on" : "off"}, seed ${options.seed}`,
    `flood: ${count(flood.datagrams)} datagrams (${count(flood.fromPortZero)} from port 0), ${count(flood.malformed)} malformed, ${count(flood.icmpErrors)} ICMP errors, ${count(options.clients)} addresses, ${count(rate)} packets/s`,
    `arrived: ${count(report.requestsDuringFlood)} requests, ${count(report.kernelDrops)} dropped in full queues`,
    `drops: ${list(stats.drops)}; of replies: ${list(stats.replyDrops)}`,
    `flows: ${count(stats.flows.opened)} opened, ${count(stats.flows.active)} active of ${count(stats.flows.max)}`,
    `memory: ${report.rssBeforeMiB.toFixed(0)} MiB before, ${report.rssHighestMiB.toFixed(0)} at most, ${report.rssAfterMiB.toFixed(0)} afterwards`,
    ...Object.entries(phases).map(
      ([name, { sent, answered, newcomersSent, newcomersAnswered }]) =>
        `honest clients, ${name}: ${answered} of ${sent} answered; with a new port each time ${newcomersAnswered} of ${newcomersSent}`,
    ),
    `ICMP port unreachables that quote live flows: ${count(errors.sent)} sent, ${count(errors.taken)} believed; first backend down after ${errors.firstDownMs.toFixed(0)} ms, at most ${errors.mostDown} of ${stats.backends.length} at once, ${errors.moved} flows moved, ${errors.countedAsRefused} requests counted as backend_refused, ${errors.honest.wrong} replies to made-up requests`,
    `warnings: ${report.warnings.length}${report.warnings
      .slice(0, 3)
      .map((line) => `\n  ${line}`)
      .join("")}`,
  ].join("\n");
}

function total(drops: Drops): number {
  return Object.values(drops).reduce((sum, drop) => sum + drop, 0);
}

function list(drops: Drops): string {
  const happened = Object.entries(drops).filter(([, drop]) => drop !== 0);
  return happened.map(([reason, drop]) => `${reason} ${count(drop)}`).join(", ") || "none";
}

function count(value: number): string {
  return Math.round(value).toLocaleString("en");
}

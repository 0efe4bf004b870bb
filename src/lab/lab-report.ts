/**
 * What a run of the lab adds up to, and the lines that say so.
 */

/** What happened to one request. */
export interface RequestOutcome {
  readonly n: number;
  /** The number of the server that received it, from 1; missing when none did. */
  readonly server?: number;
  /** That server lost the answer on purpose. */
  readonly isDropped: boolean;
  /** NaN when no answer came. */
  readonly roundTripMs: number;
}

export interface ServerTally {
  readonly address: string;
  readonly requests: number;
  /** Answers that the client received from it. */
  readonly answers: number;
  /** Answers that it lost on purpose. */
  readonly dropped: number;
}

export interface LabReport {
  /** In the order of the servers. */
  readonly servers: readonly ServerTally[];
  readonly requests: number;
  readonly answers: number;
  readonly dropped: number;
  /** Requests without an answer that no server lost on purpose. */
  readonly lostElsewhere: number;
  /** Milliseconds, of the requests that were answered; NaN without answers. */
  readonly roundTripMs: { readonly min: number; readonly median: number; readonly max: number };
}

export function tallyReport(
  serverAddresses: readonly string[],
  outcomes: readonly RequestOutcome[],
): LabReport {
  const servers = serverAddresses.map((address, index) => ({
    address,
    ...tally(outcomes.filter((outcome) => outcome.server === index + 1)),
  }));
  const all = tally(outcomes);
  const times = outcomes.map((outcome) => outcome.roundTripMs).filter((time) => !Number.isNaN(time));
  return {
    servers,
    ...all,
    lostElsewhere: outcomes.filter((outcome) => Number.isNaN(outcome.roundTripMs) && !outcome.isDropped)
      .length,
    roundTripMs: {
      min: times.length > 0 ? Math.min(...times) : Number.NaN,
      median: median(times),
      max: times.length > 0 ? Math.max(...times) : Number.NaN,
    },
  };
}

/** One line for one request, as it happens. */
export function formatOutcome({ n, server, isDropped, roundTripMs }: RequestOutcome): string {
  const where = server === undefined ? "no server" : `server ${server}`;
  return `request ${String(n).padStart(3)} -> ${where.padEnd(9)}  ${formatAnswer(server, isDropped, roundTripMs)}`;
}

/** The table at the end, and what it means. */
export function formatReport(report: LabReport): readonly string[] {
  const { requests, answers, dropped, lostElsewhere, roundTripMs } = report;
  const share = (part: number): string => (requests === 0 ? "-" : `${((100 * part) / requests).toFixed(1)}%`);
  const row = (name: string, address: string, part: Omit<ServerTally, "address">): string[] => [
    name,
    address,
    ...[part.requests, share(part.requests), part.answers, part.dropped].map(String),
  ];
  const lost = requests - answers;
  return [
    ...formatTable([
      ["", "address", "requests", "share", "answers", "dropped on purpose"],
      ...report.servers.map((server, index) => row(`server ${index + 1}`, server.address, server)),
      row("in all", "", { requests, answers, dropped }),
    ]),
    "",
    `loss: ${lost} of ${requests} requests (${share(lost)}) got no answer; the servers dropped ${dropped} on purpose ` +
      `(each drops 4 in 11), ${lostElsewhere} went missing elsewhere`,
    `round trip: ${formatMs(roundTripMs.min)} min, ${formatMs(roundTripMs.median)} median, ${formatMs(roundTripMs.max)} max`,
  ];
}

function tally(outcomes: readonly RequestOutcome[]): Omit<ServerTally, "address"> {
  return {
    requests: outcomes.length,
    answers: outcomes.filter((outcome) => !Number.isNaN(outcome.roundTripMs)).length,
    dropped: outcomes.filter((outcome) => outcome.isDropped).length,
  };
}

/** The middle value; of an even number of values the mean of the two in the middle. */
function median(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function formatAnswer(server: number | undefined, isDropped: boolean, roundTripMs: number): string {
  if (!Number.isNaN(roundTripMs)) return `answer after ${formatMs(roundTripMs)}`;
  return isDropped ? `no answer: server ${server} dropped it on purpose` : "no answer in time";
}

function formatMs(timeMs: number): string {
  return Number.isNaN(timeMs) ? "-" : `${timeMs.toFixed(2)} ms`;
}

/** Columns two spaces apart: the first two left-aligned, the figures right-aligned. */
function formatTable(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column < 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join("  "),
  );
}

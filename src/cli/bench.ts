/** `sluice bench`: puts load on a UDP service, or is the service: echo servers to measure a balancer with. */
import { Command, InvalidArgumentError, Option } from "commander";
import { type Endpoint, formatEndpoint, parseEndpoint } from "../core/address.js";
import { SluiceError } from "../core/errors.js";
import { type EchoServer, openEchoServer } from "../loadgen/echo-server.js";
import { MAX_PAYLOAD_BYTES } from "../loadgen/load-options.js";
import type { LoadResult } from "../loadgen/load-result.js";
import { MIN_PAYLOAD_BYTES } from "../loadgen/payload.js";
import { formatProgress, formatReport } from "../loadgen/report.js";
import { runLoad } from "../loadgen/run-load.js";

interface BenchFlags {
  readonly clients: number;
  readonly inFlight: number;
  readonly size: number;
  readonly rate?: number;
  readonly duration: number;
  readonly warmup: number;
  readonly gso?: true;
  readonly oneWay?: true;
  readonly distinctAddresses?: true;
  readonly json?: true;
  readonly echo?: readonly Endpoint[];
}

const EXAMPLES = `
Examples:
  sluice bench --echo 127.0.0.1:9001 127.0.0.1:9002     two echo servers, until Ctrl-C
  sluice bench 127.0.0.1:8000                           as fast as it answers 256 in flight
  sluice bench 127.0.0.1:8000 --rate 50000 --json       50,000 a second, on schedule

Exits with 1 when a reply reached the wrong client or was damaged, or when nothing was answered.`;

export function createBenchCommand(): Command {
  return new Command("bench")
    .summary("put load on a UDP service and measure its replies (Linux)")
    .description(
      "Sends numbered datagrams to TARGET, which must send each back as it is, and checks\n" +
        "and times every reply. Without --rate a fixed number is kept in flight; with it\n" +
        "datagrams leave on schedule, and reply times count from when they were due.\n" +
        "A reply that has not come after a second is lost.",
    )
    .argument("[target]", "address and port to send to", endpoint)
    .option("--clients <number>", "sockets, each a client of its own", numberIn(1, 60_000), 8)
    .option("--in-flight <number>", "datagrams without a reply at any time", numberIn(1, 1_000_000), 256)
    .option("--size <bytes>", "UDP payload", numberIn(MIN_PAYLOAD_BYTES, MAX_PAYLOAD_BYTES), 64)
    .option("--rate <number>", "datagrams a second, whatever comes back", numberIn(1, 100_000_000))
    .addOption(timeOption("--duration <time>", "how long to measure").default(10_000, "10s"))
    .addOption(
      timeOption("--warmup <time>", "load before that, left out of rates and reply times").default(
        500,
        "500ms",
      ),
    )
    .option("--gso", "send and receive bursts as one message (UDP_SEGMENT, UDP_GRO)")
    .option("--one-way", "expect no replies")
    .option("--distinct-addresses", "give each client its own address in 127.0.1.0 and up")
    .option("--json", "print the result as JSON")
    .option(
      "--echo <address...>",
      "run echo servers: alone until Ctrl-C, with TARGET while the load runs",
      collectEndpoints,
    )
    .addHelpText("after", EXAMPLES)
    .action(async (target: Endpoint | undefined, flags: BenchFlags, command: Command) => {
      if (target === undefined && flags.echo === undefined) {
        command.error("error: give a TARGET, or --echo", { exitCode: 2 });
      }
      await runBench(target, flags);
    });
}

async function runBench(target: Endpoint | undefined, flags: BenchFlags): Promise<void> {
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, onSignal);
  let echo: EchoServer | undefined;
  try {
    if (flags.echo) echo = await openEcho(flags.echo, flags);
    if (target !== undefined) await measure(target, flags, stop.signal);
    else await aborted(stop.signal);
  } finally {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, onSignal);
    await echo?.close();
  }
}

async function openEcho(addresses: readonly Endpoint[], flags: BenchFlags): Promise<EchoServer> {
  const echo = await openEchoServer({ addresses, gso: flags.gso ?? false, tag: true });
  for (const address of echo.addresses) console.error(`echo server on ${formatEndpoint(address)}`);
  return echo;
}

async function measure(target: Endpoint, flags: BenchFlags, signal: AbortSignal): Promise<void> {
  const result = await runLoad({
    target,
    clients: flags.clients,
    inFlight: flags.inFlight,
    sizeBytes: flags.size,
    durationMs: flags.duration,
    warmupMs: flags.warmup,
    gso: flags.gso ?? false,
    oneWay: flags.oneWay ?? false,
    distinctAddresses: flags.distinctAddresses ?? false,
    signal,
    ...(flags.rate === undefined ? {} : { ratePerSecond: flags.rate }),
    ...(process.stderr.isTTY ? { onProgress: (progress) => console.error(formatProgress(progress)) } : {}),
  });
  console.log(flags.json ? JSON.stringify(toJson(result), null, 2) : formatReport(result));
  if (result.crossed > 0 || result.bad > 0 || (!flags.oneWay && result.answered === 0)) process.exitCode = 1;
}

/** The target as the text that a person would write. */
function toJson(result: LoadResult): object {
  return { ...result, plan: { ...result.plan, target: formatEndpoint(result.plan.target) } };
}

/** Resolves on abort; the echo servers' worker keeps the process alive meanwhile. */
function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

function endpoint(text: string): Endpoint {
  try {
    return parseEndpoint(text);
  } catch (error) {
    if (error instanceof SluiceError) throw new InvalidArgumentError(error.message);
    throw error;
  }
}

function collectEndpoints(text: string, earlier: readonly Endpoint[] = []): readonly Endpoint[] {
  return [...earlier, endpoint(text)];
}

function numberIn(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`expected a whole number from ${min} to ${max}`);
  };
}

function timeOption(flags: string, description: string): Option {
  return new Option(flags, description).argParser(duration);
}

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** As in the config: a number and ms, s, m or h. */
function duration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text);
  if (match === null) throw new InvalidArgumentError("expected a time such as 500ms or 10s");
  return Number(match[1]) * UNITS_MS[match[2]];
}

/** `sluice bench`: puts load on a UDP service, or is the service: echo servers to measure a balancer with. */
import { Command, Option } from "commander";
import { parseDuration } from "../config/units.js";
import { type Endpoint, formatEndpoint, parseEndpoint } from "../core/address.js";
import { type EchoServer, openEchoServer } from "../loadgen/echo-server.js";
import { BATCH, MAX_PAYLOAD_BYTES } from "../loadgen/load-options.js";
import type { LoadResult } from "../loadgen/load-result.js";
import { MIN_PAYLOAD_BYTES } from "../loadgen/payload.js";
import { formatProgress, formatReport } from "../loadgen/report.js";
import { runLoad } from "../loadgen/run-load.js";
import { checked, collect, wholeNumber } from "./arguments.js";
import { EXIT } from "./exit-codes.js";

interface BenchFlags {
  readonly clients: number;
  readonly inFlight: number;
  readonly size: number;
  readonly rate?: number;
  readonly duration: number;
  readonly warmup: number;
  readonly gso?: true;
  readonly burst: number;
  readonly oneWay?: true;
  readonly dns?: true;
  readonly sink?: true;
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
    .argument("[target]", "address and port to send to", checked(parseEndpoint))
    .option("--clients <number>", "sockets, each a client of its own", wholeNumber(1, 60_000), 8)
    .option("--in-flight <number>", "datagrams without a reply at any time", wholeNumber(1, 1_000_000), 256)
    .option("--size <bytes>", "UDP payload", wholeNumber(MIN_PAYLOAD_BYTES, MAX_PAYLOAD_BYTES), 64)
    .option("--rate <number>", "datagrams a second, whatever comes back", wholeNumber(1, 100_000_000))
    .addOption(timeOption("--duration <time>", "how long to measure").default(10_000, "10s"))
    .addOption(
      timeOption("--warmup <time>", "load before that, left out of rates and reply times").default(
        500,
        "500ms",
      ),
    )
    .option("--gso", "send and receive bursts as one message (UDP_SEGMENT, UDP_GRO)")
    .option("--burst <number>", "most datagrams of a client sent in one go", wholeNumber(1, BATCH), BATCH)
    .option("--one-way", "expect no replies")
    .option("--dns", "send DNS queries, take only DNS answers; with --echo the servers send such")
    .option("--distinct-addresses", "give each client its own address in 127.0.1.0 and up")
    .option("--json", "print the result as JSON")
    .option(
      "--echo <address...>",
      "run echo servers: alone until Ctrl-C, with TARGET while the load runs",
      collect(checked(parseEndpoint)),
    )
    .option("--sink", "echo servers send nothing back, and say at the end what they received")
    .addHelpText("after", EXAMPLES)
    .action(async (target: Endpoint | undefined, flags: BenchFlags, command: Command) => {
      if (target === undefined && flags.echo === undefined) {
        command.error("error: give a TARGET, or --echo", { exitCode: EXIT.usage });
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
    if (echo && flags.sink) reportReceived(echo);
  }
}

/** What a sink received, one line for each server. */
function reportReceived(echo: EchoServer): void {
  for (const [i, { datagrams, bytes }] of echo.counts().entries()) {
    console.error(`received on ${formatEndpoint(echo.addresses[i])}: ${datagrams} datagrams, ${bytes} bytes`);
  }
}

async function openEcho(addresses: readonly Endpoint[], flags: BenchFlags): Promise<EchoServer> {
  const echo = await openEchoServer({
    addresses,
    gso: flags.gso ?? false,
    tag: true,
    dns: flags.dns ?? false,
    sink: flags.sink ?? false,
  });
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
    burst: flags.burst,
    oneWay: flags.oneWay ?? false,
    dns: flags.dns ?? false,
    distinctAddresses: flags.distinctAddresses ?? false,
    signal,
    ...(flags.rate === undefined ? {} : { ratePerSecond: flags.rate }),
    ...(process.stderr.isTTY ? { onProgress: (progress) => console.error(formatProgress(progress)) } : {}),
  });
  console.log(flags.json ? JSON.stringify(toJson(result), null, 2) : formatReport(result));
  if (result.crossed > 0 || result.bad > 0 || (!flags.oneWay && result.answered === 0))
    process.exitCode = EXIT.failure;
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

function timeOption(flags: string, description: string): Option {
  return new Option(flags, description).argParser(checked(parseDuration));
}

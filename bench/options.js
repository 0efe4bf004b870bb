// The command line of the benchmark.
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

export const HELP = `npm run bench -- [options]

  --only <row,row>      measure these rows only, and leave the README alone
  --keep                with --only: keep the other rows of the last results, and write the README
  --list                print the rows and what there is to compare with
  --runs <number>       runs of each contestant, interleaved (5)
  --duration <seconds>  how long each load is measured (3)
  --warmup <seconds>    load before that (1)
  --tries <number>      how often a run that something else disturbed is made at most (3)
  --cpus <n,n>          the balancer's CPU, and that of generator and backends (0,1)
  --flows <number>      of the row many-flows (50000)
  --datagrams <number>  of the row steady (10000000)
  --out <folder>        where latest.json and latest.md go; with it the README is left alone (bench/results)

Needs Linux, root, two CPUs and iproute2. Peers that are installed take part: nginx with its stream module, dnsdist, pen.`;

const OPTIONS = {
  only: { type: "string" },
  keep: { type: "boolean", default: false },
  list: { type: "boolean", default: false },
  runs: { type: "string", default: "5" },
  duration: { type: "string", default: "3" },
  warmup: { type: "string", default: "1" },
  tries: { type: "string", default: "3" },
  cpus: { type: "string", default: "0,1" },
  flows: { type: "string", default: "50000" },
  datagrams: { type: "string", default: "10000000" },
  out: { type: "string" },
  help: { type: "boolean", short: "h", default: false },
};

/** @param {string[]} args @throws Error that says what is wrong with them */
export function parseOptions(args) {
  const { values } = parseArgs({ args, options: OPTIONS });
  return {
    only: values.only?.split(","),
    keep: values.keep,
    list: values.list,
    help: values.help,
    runs: numberIn("--runs", values.runs, 1, 1000),
    durationMs: 1000 * numberIn("--duration", values.duration, 0.1, 3600, true),
    warmupMs: 1000 * numberIn("--warmup", values.warmup, 0.05, 3600, true),
    tries: numberIn("--tries", values.tries, 1, 100),
    cpus: parseCpus(values.cpus),
    flows: numberIn("--flows", values.flows, 1, 60_000),
    datagrams: numberIn("--datagrams", values.datagrams, 1000, 1e12),
    out: values.out ?? fileURLToPath(new URL("./results", import.meta.url)),
    isDefaultOut: values.out === undefined,
  };
}

function parseCpus(text) {
  const cpus = text.split(",").map((part) => numberIn("--cpus", part, 0, availableParallelism() - 1));
  if (cpus.length === 2 && cpus[0] !== cpus[1]) return cpus;
  throw new Error("--cpus: expected two different CPUs, such as 0,1");
}

function numberIn(name, text, min, max, fraction = false) {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max && (fraction || Number.isInteger(value))) return value;
  throw new Error(`${name} ${text}: expected a ${fraction ? "" : "whole "}number from ${min} to ${max}`);
}

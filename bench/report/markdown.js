// The results as text for people: the table that the README quotes, and latest.md with the runs behind it.

/** One line for each figure and peer. @param {object} results @returns {string} */
export function formatTable({ rows, environment }) {
  const lines = rows.flatMap(({ title, figures }) => {
    const cells = figures.flatMap((figure) => describeFigure(figure));
    return cells.map((cell, i) => [i === 0 ? title : "", ...cell]);
  });
  const head = ["workload", "figure", "sluice", "beside", "sluice is better by"];
  const format = (cells) => `| ${cells.join(" | ")} |`;
  const table = [format(head), "| --- | --- | ---: | ---: | ---: |", ...lines.map(format)];
  return [...table, "", describeEnvironment(environment)].join("\n");
}

/** @param {object} results */
export function formatResults(results) {
  const { date, command, settings, rows } = results;
  const { runs, durationMs, warmupMs } = settings;
  return [
    "# Benchmark results",
    "",
    `${date}, \`${command}\`: ${runs} runs of ${durationMs / 1000} s after ${warmupMs / 1000} s of warm-up, medians.`,
    "[docs/benchmarks.md](../../docs/benchmarks.md) says how this is measured and how to read it.",
    "",
    formatTable(results),
    "",
    "## Runs",
    "",
    "Median (least to greatest) of each figure; share of a CPU that others used, at worst; what went wrong.",
    ...rows.flatMap(describeRow),
    "",
  ].join("\n");
}

function describeFigure({ label, unit, sluice, peers }) {
  const own = `**${formatValue(sluice.median, unit)}**`;
  if (peers.length === 0) return [[label, own, "", ""]];
  return peers.map(({ name, median, ratio }, i) => [
    i === 0 ? label : "",
    i === 0 ? own : "",
    `${name} ${formatValue(median, unit)}`,
    formatValue(ratio, "times"),
  ]);
}

function describeRow({ title, contestants, figures }) {
  const lines = contestants.map(({ name, version, detail, runs }, i) => {
    const values = figures.map(({ label, unit, sluice, peers }) => {
      const { median, min, max } = i === 0 ? sluice : peers[i - 1];
      const value = (number) => formatValue(number, unit);
      return `${label} ${value(median)} (${value(min)} to ${value(max)})`;
    });
    const worst = Math.max(...runs.map(({ foreignShare }) => foreignShare));
    const disturbed = runs.filter((run) => run.disturbed).length;
    const notes = [`others ${(100 * worst).toFixed(0)} %`, ...runs.flatMap(({ faults }) => faults)];
    if (disturbed > 0) notes.push(`**disturbed in ${disturbed} of ${runs.length} runs**`);
    const what = `${name}${version ? ` ${version}` : ""} (\`${detail}\`)`;
    return `- ${what}: ${[...values, ...notes].join("; ")}`;
  });
  return ["", `### ${title}`, "", ...lines];
}

function describeEnvironment(environment) {
  const { cpu, cores, kernel, node, sluice, commit, nginx, dnsdist, pen } = environment;
  const peers = Object.entries({ nginx, dnsdist, pen }).filter(([, version]) => version);
  const programs = [`Node.js ${node}`, `sluice ${sluice}${commit ? ` (${commit})` : ""}`];
  programs.push(...peers.map(([name, version]) => `${name} ${version}`));
  return `${cpu}, ${cores} ${cores === 1 ? "core" : "cores"}, Linux ${kernel}; ${programs.join(", ")}.`;
}

const FORMATS = {
  times: (value) => `${value.toFixed(2)} ×`,
  ns: (value) => `${whole(value)} ns`,
  us: (value) => `${value < 100 ? value.toFixed(1) : whole(value)} µs`,
  perSecond: (value) => `${whole(Number(value.toPrecision(3)))}/s`,
  gbit: (value) => `${value.toFixed(2)} Gbit/s`,
  bytes: (value) => `${whole(value)} bytes`,
};

function formatValue(value, unit) {
  return Number.isFinite(value) ? FORMATS[unit](value) : "–";
}

function whole(value) {
  return Math.round(value).toLocaleString("en-US");
}

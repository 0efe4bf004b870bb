// From the runs of a row to medians, and to how sluice, which is the first contestant, stands to each of the others.

/**
 * @typedef {object} Comparison
 * @property {string} name of the peer
 * @property {number | null} median of the peer's runs
 * @property {number | null} min
 * @property {number | null} max
 * @property {number | null} ratio how many times better sluice is: the median over rounds, each with its own pair of runs
 */

/**
 * @param {readonly import("../rows/figures.js").Figure[]} figures
 * @param {readonly { name: string, runs: readonly import("../measure.js").Run[] }[]} contestants
 */
export function compare(figures, contestants) {
  return figures.map(({ key, label, unit, better, read }) => {
    const [own, ...others] = contestants.map(({ runs }) => runs.map((run) => read(run) ?? Number.NaN));
    return {
      key,
      label,
      unit,
      better,
      sluice: summarize(own),
      peers: others.map((values, i) => ({
        name: contestants[i + 1].name,
        ...summarize(values),
        ratio: medianOf(
          values.map((value, run) => (better === "lower" ? value / own[run] : own[run] / value)),
        ),
      })),
    };
  });
}

function summarize(values) {
  const sorted = sortKnown(values);
  return { median: medianOf(values), min: sorted[0] ?? null, max: sorted.at(-1) ?? null };
}

/** Null where no run could tell. @param {readonly number[]} values @returns {number | null} */
function medianOf(values) {
  const sorted = sortKnown(values);
  if (sorted.length === 0) return null;
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function sortKnown(values) {
  return values.filter(Number.isFinite).sort((a, b) => a - b);
}

// All runs of one row: contestants take turns, so that what changes on the machine meanwhile meets them all, and a run
// that something else on the machine disturbed is made again.

import { measureRun } from "./measure.js";
import { compare } from "./report/compare.js";

/** Above this share of a CPU for others, a run counts as disturbed. */
export const DISTURBED = 0.08;

/**
 * @param {object} setting for `measureRun`, and `runs` and `tries`
 * @param {import("./rows/rows.js").Row} row
 * @param {(text: string) => void} tell
 */
export async function measureRow(setting, row, tell) {
  const runs = row.contestants.map(() => []);
  for (let round = 0; round < setting.runs; round++) {
    for (let i = 0; i < row.contestants.length; i++) {
      // Each round begins with another one, so that nobody always follows the same neighbour.
      const turn = (round + i) % row.contestants.length;
      const contestant = row.contestants[turn];
      tell(`${row.id}: run ${round + 1} of ${setting.runs}, ${contestant.name}`);
      runs[turn].push(await measureUndisturbed(setting, row, contestant));
    }
  }
  const contestants = row.contestants.map(({ name, version, detail }, i) => ({
    name,
    version,
    detail,
    runs: runs[i],
  }));
  return { id: row.id, title: row.title, contestants, figures: compare(row.figures, contestants) };
}

/** The first undisturbed run, or after `tries` of them the least disturbed. */
async function measureUndisturbed(setting, row, contestant) {
  let best;
  for (let attempt = 0; attempt < setting.tries; attempt++) {
    const run = await measureRun(setting, row, contestant);
    if (best === undefined || run.foreignShare < best.foreignShare) best = run;
    if (best.foreignShare < DISTURBED) break;
  }
  return { ...best, disturbed: best.foreignShare >= DISTURBED };
}

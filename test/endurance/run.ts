/** `npm run endurance [SECONDS]`: half the time with reloads and drains, half with workers killed as well. */
import { formatPhase, runEndurance } from "../support/endurance.js";

const seconds = Number(process.argv[2] ?? 60);
const phases = await runEndurance({
  phaseMs: (seconds / 2) * 1000,
  reloadEveryMs: 1000,
  onProgress: (line) => console.error(line),
});
for (const phase of phases) console.log(formatPhase(phase));
const failed = phases.filter(({ lost, mayLose, crossed, bad }) => lost > mayLose || crossed > 0 || bad > 0);
process.exitCode = failed.length > 0 ? 1 : 0;

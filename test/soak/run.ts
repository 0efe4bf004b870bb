/** `npm run soak -- [--minutes N] [--seed N] [--rate N] [--plane batched] [--resend] [--no-upgrades]`: the same seed makes the same faults. */
import { parseArgs } from "node:util";
import { createCleanup } from "../support/cleanup.js";
import { runSoak } from "./run-soak.js";
import { formatSoak, judgeSoak } from "./soak-report.js";

const PROGRESS_EVERY_MS = 5000;

const { values } = parseArgs({
  allowNegative: true,
  options: {
    minutes: { type: "string", default: "20" },
    seed: { type: "string", default: "1" },
    rate: { type: "string", default: "2000" },
    plane: { type: "string", default: "batched" },
    resend: { type: "boolean", default: false },
    upgrades: { type: "boolean", default: true },
  },
});
const cleanup = createCleanup();
let saidMs = 0;
try {
  const report = await runSoak(cleanup, {
    plane: values.plane === "portable" ? "portable" : "batched",
    seed: Number(values.seed),
    durationMs: Number(values.minutes) * 60_000,
    perSecond: Number(values.rate),
    resend: values.resend,
    upgrades: values.upgrades,
    onProgress: (line) => {
      if (performance.now() - saidMs < PROGRESS_EVERY_MS) return;
      saidMs = performance.now();
      console.error(line);
    },
  });
  console.log(formatSoak(report));
  const faults = judgeSoak(report);
  for (const fault of faults) console.log(`NOT AS IT SHOULD BE: ${fault}`);
  process.exitCode = faults.length > 0 ? 1 : 0;
} finally {
  await cleanup.run();
}

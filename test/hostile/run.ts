/** `npm run hostile -- [--datagrams N] [--clients N] [--rate N] [--seed N] [--plane batched] [--ipv6] [--no-guard]`. Needs root and `ip`. */
import { parseArgs } from "node:util";
import { createCleanup } from "../support/cleanup.js";
import { formatHostile, judgeHostile } from "./hostile-report.js";
import { runHostile } from "./run-hostile.js";

const { values } = parseArgs({
  options: {
    datagrams: { type: "string", default: "10000000" },
    clients: { type: "string", default: "1000000" },
    rate: { type: "string", default: "50000" },
    seed: { type: "string", default: "1" },
    plane: { type: "string", default: "batched" },
    ipv6: { type: "boolean", default: false },
    "no-guard": { type: "boolean", default: false },
  },
});
const cleanup = createCleanup();
try {
  const report = await runHostile(cleanup, {
    plane: values.plane === "portable" ? "portable" : "batched",
    guard: !values["no-guard"],
    family: values.ipv6 ? 6 : 4,
    datagrams: Number(values.datagrams),
    clients: Number(values.clients),
    perSecond: Number(values.rate),
    seed: Number(values.seed),
    errors: { packets: 10_000, perSecond: 2000 },
    onProgress: (line) => console.error(line),
  });
  console.log(formatHostile(report));
  const faults = judgeHostile(report);
  for (const fault of faults) console.log(`NOT AS IT SHOULD BE: ${fault}`);
  process.exitCode = faults.length > 0 ? 1 : 0;
} finally {
  await cleanup.run();
}

/** The schema of `pools[].health`: which probe tells whether a backend works, how often, and how many decide. */

import { resolve } from "node:path";
import { z } from "zod";
import type { HealthConfig, ProbeConfig } from "./health-config.js";
import { normaliseProbe, probeSchema } from "./schema-probe.js";
import { ipAddress } from "./schema-probe-values.js";
import { duration, mismatch, wholeNumber } from "./schema-values.js";

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const MAX_IN_A_ROW = 100;

export const healthSchema = z.strictObject(
  {
    probe: probeSchema.describe("How to ask a backend: a type, or a map with a type and its options."),
    interval: duration({ min: 100, max: HOUR_MS })
      .prefault("5s")
      .describe("From one probe of a backend to the next. The backends are spread over it."),
    timeout: duration({ min: 10, max: MINUTE_MS })
      .prefault("1s")
      .describe("Without an answer for so long, a probe has failed."),
    rise: wholeNumber({ min: 1, max: MAX_IN_A_ROW })
      .prefault(2)
      .describe("Successes in a row that bring a backend up."),
    fall: wholeNumber({ min: 1, max: MAX_IN_A_ROW })
      .prefault(3)
      .describe("Failures in a row that take a backend down."),
    jitter: wholeNumber({ min: 0, max: 50 })
      .prefault(10)
      .describe("Percent by which each interval is longer or shorter at random."),
    fastInterval: duration({ min: 100, max: HOUR_MS })
      .prefault("1s")
      .describe("The interval while a state is changing, unless interval is shorter."),
    port: wholeNumber({ min: 1, max: 65_535 })
      .optional()
      .describe("Where to send probes. Left out: the port of the backend."),
    address: ipAddress().optional().describe("Where to send probes. Left out: the address of the backend."),
  },
  mismatch("a map with a probe"),
);

/** From the schema's output to the config. */
/** @param folder what a relative path is relative to */
export function normaliseHealth(health: z.output<typeof healthSchema>, folder: string): HealthConfig {
  return {
    probe: inFolder(normaliseProbe(health.probe), folder),
    intervalMs: health.interval,
    timeoutMs: health.timeout,
    rise: health.rise,
    fall: health.fall,
    jitterPercent: health.jitter,
    fastIntervalMs: health.fastInterval,
    port: health.port ?? 0,
    ...(health.address === undefined ? {} : { address: health.address }),
  };
}

function inFolder(probe: ProbeConfig, folder: string): ProbeConfig {
  if (probe.type !== "radius" || !("file" in probe.secret)) return probe;
  return { ...probe, secret: { file: resolve(folder, probe.secret.file) } };
}

/**
 * The one source of what a config may say: types, bounds, defaults and documentation. JSON Schema
 * (`json-schema.ts`) and the reference page (`reference.ts`) are made from it. What spans several keys, such as
 * duplicate names, is in `check-names.ts` and `check-addresses.ts`.
 */
import { z } from "zod";
import { MAX_LISTENERS, MAX_POOLS } from "../core/snapshot.js";
import { PLANE_CHOICES } from "./config.js";
import { adminSchema, flowLogSchema, metricsSchema } from "./schema-admin.js";
import { listenerSchema } from "./schema-listener.js";
import { poolSchema } from "./schema-pool.js";
import { duration, mismatch, oneOf, wholeNumberOr } from "./schema-values.js";

const MAX_FLOWS = 1_000_000;
const MAX_WORKERS = 64;
const MAX_GRACE_MS = 3_600_000;

const limitsSchema = z.strictObject(
  {
    maxFlows: wholeNumberOr("auto", MAX_FLOWS)
      .prefault("auto")
      .describe("Live flows at once. auto: as many as the plane and the limit on open files allow."),
    maxFlowsPerClientIp: wholeNumberOr("none", MAX_FLOWS)
      .prefault("none")
      .describe("Live flows at once of one client IP address."),
    onFull: oneOf(["drop", "evict-oldest"])
      .prefault("drop")
      .describe(
        "At maxFlows: drop what would start a new flow, or end the flow that was used least recently.",
      ),
  },
  mismatch("a map"),
);

const shutdownSchema = z.strictObject(
  {
    grace: duration({ min: 0, max: MAX_GRACE_MS })
      .prefault("5s")
      .describe("How long to go on forwarding for flows that are still active."),
  },
  mismatch("a map"),
);

export const configSchema = z
  .strictObject(
    {
      listeners: z
        .array(listenerSchema, mismatch("a list of listeners"))
        .min(1, { error: "found an empty list, expected at least one listener" })
        .max(MAX_LISTENERS, { error: `expected at most ${MAX_LISTENERS} listeners` })
        .describe("Where to receive. At least one."),
      pools: z
        .array(poolSchema, mismatch("a list of pools"))
        .min(1, { error: "found an empty list, expected at least one pool" })
        .max(MAX_POOLS, { error: `expected at most ${MAX_POOLS} pools` })
        .describe("Where to send. At least one."),
      limits: limitsSchema.prefault({}).describe("Bounds on memory and sockets, whatever the network sends."),
      shutdown: shutdownSchema.prefault({}).describe("How to stop."),
      plane: oneOf(PLANE_CHOICES)
        .prefault("auto")
        .describe("The engine that moves datagrams. auto takes the best that the machine has."),
      workers: wholeNumberOr("auto", MAX_WORKERS)
        .prefault("auto")
        .describe(
          "Threads of the batched plane, each with its share of the clients. auto: half the processors, at most 8. Other planes have one. A reload does not change it.",
        ),
      admin: adminSchema
        .optional()
        .describe("See and change it while it runs: a page, an API, metrics. Left out: nothing answers."),
      flowLog: flowLogSchema.optional().describe("What became of each flow. Left out: nothing is written."),
      metrics: metricsSchema.optional().describe("Where to send figures without being asked."),
    },
    mismatch("a map with listeners and pools"),
  )
  .meta({
    title: "sluice config",
    description: "What the UDP load balancer sluice listens on and sends to.",
  });

/** What people write, as the schema sees it; `ConfigInput` spells the same out. */
export type SchemaInput = z.input<typeof configSchema>;
/** What the schema gives: units read and defaults filled in, but names and pools still optional. */
export type SchemaOutput = z.output<typeof configSchema>;

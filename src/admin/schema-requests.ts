/**
 * What the API takes: queries, parameters and bodies. Unknown keys are errors. Texts with a form of their own (addresses,
 * durations) are read by the route; here their length is bounded.
 */
import { z } from "zod";
import { EVENT_TYPES } from "../core/event-types.js";
import { adminState, healthState } from "./schema-figures.js";

/** Longer than any name, address or id that a config or a balancer may have. */
const MAX_TEXT = 256;
const text = z.string().min(1).max(MAX_TEXT);
const clientText = text.describe("An address such as `192.0.2.1`, or an address and port.");
const number = (min: number, max: number) => z.int().min(min).max(max);

export const nameParams = z.strictObject({ name: text });
export const backendParams = z.strictObject({ pool: text, name: text });
export const flowParams = z.strictObject({ id: text });
export const noQuery = z.strictObject({});

export const backendsQuery = z.strictObject({
  pool: text.optional(),
  health: healthState.optional(),
  admin: adminState.optional(),
});

export const backendPatch = z
  .strictObject({
    admin: adminState.optional(),
    weight: number(0, 65_535).optional(),
    deadline: text
      .optional()
      .describe("A duration such as `30s`, with `admin: draining` only: after it the backend is disabled."),
  })
  .refine(({ admin, weight }) => admin !== undefined || weight !== undefined, {
    error: "expected admin, weight or both",
  })
  .refine(({ admin, deadline }) => deadline === undefined || admin === "draining", {
    path: ["deadline"],
    error: 'expected only together with "admin": "draining"',
  });

export const flowsQuery = z.strictObject({
  client: text.optional().describe("An address, an address and port, or a prefix such as `192.0.2.0/24`."),
  listener: text.optional(),
  pool: text.optional(),
  backend: text.optional().describe("Its name, or `pool/backend`."),
  limit: number(1, 10_000).default(100),
  after: text.optional().describe("`next` of the page before."),
});

export const configQuery = z.strictObject({
  dryRun: z.enum(["0", "1"]).default("0").describe("1: says what would happen, and changes nothing."),
});

export const configHeaders = z.looseObject({
  "if-match": z
    .string()
    .max(MAX_TEXT)
    .optional()
    .describe('The ETag of the config to replace, such as `"v3"`.'),
});

/** The text of a config, which is read as a whole later: problems then have their line and column. */
export const configJson = z
  .string()
  .meta({ type: "object", description: "A config: see docs/config-reference.md." });
export const configYaml = z.string();

export const eventsHeaders = z.looseObject({
  "last-event-id": z.string().max(MAX_TEXT).optional().describe("The last event that the reader has."),
});

export const eventsQuery = z.strictObject({
  types: z
    .string()
    .max(MAX_TEXT)
    .optional()
    .describe(`Some of ${EVENT_TYPES.join(", ")}, with commas between. Left out: all.`),
  limit: number(1, 1_000).default(1_000).describe("Most events of the past to give, the newest ones."),
});

export const explainQuery = z.strictObject({
  client: clientText,
  listener: text.optional().describe("May be left out where there is only one."),
});

export const countersQuery = z.strictObject({
  since: text
    .default("1m")
    .describe("A moment (ISO 8601), or how long ago, such as `30s`; at most 10 minutes back."),
});

export const historyQuery = z.strictObject({ seconds: number(1, 600).default(300) });

export const tapQuery = z
  .strictObject({
    client: clientText.optional(),
    flow: text.optional().describe("A flow's id."),
    listener: text.optional(),
    snap: number(0, 65_535).default(65_535).describe("Most bytes kept of each payload."),
    max: number(1, 1_000_000).default(10_000).describe("The tap ends after so many datagrams."),
    seconds: number(1, 3_600).default(60).describe("The tap ends after this time."),
  })
  .refine(({ client, flow, listener }) => client ?? flow ?? listener, {
    error: "expected at least one of client, flow and listener",
  });

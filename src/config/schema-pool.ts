/** The schema of a pool and its backends: who may get a datagram, how one is chosen, and what when one leaves. */
import { z } from "zod";
import { isPrime } from "../core/policies/maglev-table.js";
import { MAX_BACKENDS, POLICIES } from "../core/snapshot.js";
import { discoverSchema } from "./schema-discover.js";
import { healthSchema } from "./schema-health.js";
import {
  affinity,
  backendAddress,
  duration,
  flag,
  mismatch,
  name,
  oneOf,
  wholeNumber,
} from "./schema-values.js";

const FAILOVER_ACTIONS = ["move", "keep", "drop"] as const;
const UNANSWERED_ACTIONS = ["lose", "resend"] as const;
const SILENCE_ACTIONS = ["off", "keep", "move"] as const;
const MAX_SOURCES = 32;
const MAX_SLOW_START_MS = 3_600_000;
const ADMIN_STATES = ["enabled", "draining", "disabled"] as const;
/** 5,000,011 is the smallest prime above five million; the Maglev paper stops at 655,373. */
const MAGLEV_BOUNDS = { min: 2, max: 5_000_011 };

const failoverSchema = z.strictObject(
  {
    unhealthy: oneOf(FAILOVER_ACTIONS).prefault("move").describe("When its backend goes down."),
    draining: oneOf(FAILOVER_ACTIONS).prefault("keep").describe("When its backend is set to draining."),
    removed: oneOf(FAILOVER_ACTIONS)
      .prefault("move")
      .describe("When its backend leaves the config or is disabled."),
    unanswered: oneOf(UNANSWERED_ACTIONS)
      .prefault("lose")
      .describe(
        "Requests of the last second that a backend has not answered when refusals or silence take it down: lost, or sent to another one (resend), which then may carry them out a second time. For backends that answer every request.",
      ),
  },
  mismatch("a map"),
);

const backendObjectSchema = z.strictObject(
  {
    name: name().optional().describe("Unique in the pool. Left out: the address as written."),
    address: backendAddress().describe(
      "Where the server is: the address of one host, neither a wildcard nor multicast or broadcast, and not port 0.",
    ),
    weight: wholeNumber({ min: 0, max: 65_535 })
      .prefault(1)
      .describe("Share of new keys, relative to the other backends of the pool. 0 takes none."),
    state: oneOf(ADMIN_STATES)
      .prefault("enabled")
      .describe(
        "Draining and disabled backends take no new keys; the flows of a disabled one fare as if it were removed.",
      ),
    backup: flag()
      .prefault(false)
      .describe("Whether it gets keys only while no other backend of the pool is up."),
  },
  mismatch("a map with an address"),
);

const backendTextSchema = backendAddress()
  .transform((address) => ({
    address,
    name: undefined,
    weight: 1,
    state: "enabled" as const,
    backup: false,
  }))
  .meta({ title: "the address alone, short for { address: … }" });

const passiveSchema = z.strictObject(
  {
    refusals: flag()
      .prefault(true)
      .describe("Take a backend out when its host refuses datagrams (ICMP port unreachable)."),
    silence: oneOf(SILENCE_ACTIONS)
      .prefault("keep")
      .describe(
        "What follows when a backend that answers its requests has gone silent while others answer. keep: it gets no new keys and no further datagrams with affinity none; a flow that it has answered stays until a probe confirms that it is down, others move. move: all its flows move, as failover.unhealthy says. off: nothing, as for one-way traffic.",
      ),
    enabled: flag()
      .optional()
      .describe("An older form, for one more version: false means refusals: false and silence: off."),
    maxEjected: wholeNumber({ min: 0, max: 100 })
      .prefault(50)
      .describe(
        "Most backends of the pool, in percent, that these signals may have down at one time: one at least, unless this is 0; never the last.",
      ),
  },
  mismatch("a map"),
);

const maglevTableSizeSchema = wholeNumber(MAGLEV_BOUNDS)
  .transform((size, context) => {
    if (isPrime(size)) return size;
    const message = `found ${size}, expected a prime number; the next is ${nextPrime(size)}`;
    context.issues.push({ code: "custom", input: size, message });
    return z.NEVER;
  })
  .meta({ title: `a prime number from ${MAGLEV_BOUNDS.min} to ${MAGLEV_BOUNDS.max}` });

function nextPrime(from: number): number {
  let candidate = from + 1;
  while (!isPrime(candidate)) candidate++;
  return candidate;
}

export const poolSchema = z
  .strictObject(
    {
      name: name()
        .optional()
        .describe('Unique among the pools. May be left out when there is only one, which is then "default".'),
      policy: oneOf(POLICIES)
        .prefault("round-robin")
        .describe("How a backend is chosen for a new affinity key."),
      affinity: affinity()
        .prefault("none")
        .describe(
          "Which datagrams stay together: none (each on its own), client (address and port), or client-ip (the address, or as much of it as the prefix lengths for IPv4 and IPv6 say).",
        ),
      maglevTableSize: maglevTableSizeSchema
        .prefault(65_537)
        .describe(
          "Entries in the table of the maglev policy; a hundred times the backends gives even shares.",
        ),
      failOpen: flag()
        .prefault(true)
        .describe("When no backend is up: treat all as up (true), or drop with reason no_backend (false)."),
      failover: failoverSchema
        .prefault({})
        .describe(
          "What happens to a live flow: it moves to another backend, keeps its own, or its datagrams are dropped.",
        ),
      health: healthSchema
        .optional()
        .describe("How to find out which backends work. Left out: no probes are sent."),
      passive: passiveSchema
        .prefault({})
        .describe(
          "What the traffic itself tells of the backends: refusals, and silence while others answer.",
        ),
      slowStart: duration({ min: 1, max: MAX_SLOW_START_MS, orNone: true })
        .prefault("none")
        .describe("A backend that came up gets a tenth of its weight first, and all of it after this long."),
      backends: z
        .array(
          z.union([backendTextSchema, backendObjectSchema], mismatch("an address or a map with an address")),
          mismatch("a list of backends"),
        )
        .max(MAX_BACKENDS, { error: `expected at most ${MAX_BACKENDS} backends` })
        .optional()
        .describe("The servers. At least one, unless there is discover."),
      discover: z
        .array(discoverSchema, mismatch("a list of sources"))
        .max(MAX_SOURCES, { error: `expected at most ${MAX_SOURCES} sources` })
        .optional()
        .describe(
          "Sources of more servers, which come and go while sluice runs. Each has one of dns, srv, file.",
        ),
    },
    mismatch("a map with backends"),
  )
  .describe("A named set of backends.");

/** The schema of a source that a pool takes backends from. What goes with which kind is in `check-discover.ts`. */
import { z } from "zod";
import { DISCOVER_FAMILIES } from "./discover.js";
import {
  HOST_AND_PORT_EXPECTED,
  HOST_AND_PORT_PATTERN,
  HOST_NAME_EXPECTED,
  HOST_NAME_PATTERN,
  parseHostAndPort,
  parseHostName,
} from "./host-name.js";
import { privileged } from "./privileged.js";
import {
  backendAddress,
  duration,
  flag,
  mismatch,
  name,
  oneOf,
  parsedText,
  wholeNumber,
} from "./schema-values.js";

const SECOND_MS = 1000;
const DAY_MS = 86_400_000;
const MAX_RESOLVERS = 8;
const MAX_PATH = 4096;

function filePath() {
  const title = "the path of a file";
  const path = z
    .string(mismatch(title))
    .regex(/^[^\0]+$/, mismatch(title))
    .max(MAX_PATH, mismatch(title))
    .meta({ title });
  return privileged(path, "file");
}

export const discoverSchema = z
  .strictObject(
    {
      dns: parsedText(HOST_AND_PORT_EXPECTED, HOST_AND_PORT_PATTERN, parseHostAndPort)
        .optional()
        .describe("Backends are the addresses (A, AAAA) of this name, each with this port."),
      srv: parsedText(HOST_NAME_EXPECTED, HOST_NAME_PATTERN, parseHostName)
        .optional()
        .describe(
          "Backends are the targets of this name's SRV records. The lowest priority value comes first; the targets of all others are backups.",
        ),
      file: filePath()
        .optional()
        .describe(
          "Backends are those listed in this YAML or JSON file, in the form of pools[].backends. A relative path is relative to the config file.",
        ),
      family: oneOf(DISCOVER_FAMILIES).prefault("any").describe("With dns or srv: which addresses to take."),
      resolvers: z
        .array(backendAddress(), mismatch("a list of name servers"))
        .min(1, { error: "found an empty list, expected at least one name server" })
        .max(MAX_RESOLVERS, { error: `expected at most ${MAX_RESOLVERS} name servers` })
        .optional()
        .describe(
          "With dns or srv: the name servers to ask. Left out: those of the system, and for names that they do not know its hosts file and search domains.",
        ),
      minInterval: duration({ min: SECOND_MS, max: DAY_MS })
        .prefault("5s")
        .describe("With dns or srv: ask again after the records' TTL, but no sooner than this."),
      maxInterval: duration({ min: SECOND_MS, max: DAY_MS })
        .prefault("5m")
        .describe("With dns or srv: ask again after the records' TTL, but no later than this."),
      weight: wholeNumber({ min: 0, max: 65_535 })
        .prefault(1)
        .describe("With dns: the weight of each backend. SRV records and files have weights of their own."),
      backup: flag().prefault(false).describe("With dns: whether these backends are backups."),
      namePrefix: name()
        .optional()
        .describe(
          "With dns or srv: what goes before the address to make a backend's name. Left out: nothing.",
        ),
    },
    mismatch("a map with dns, srv or file"),
  )
  .describe("One source of backends.");

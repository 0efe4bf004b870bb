/** The schema of a listener's guard: who may pass, and how much. */
import { z } from "zod";
import type { Prefix } from "../core/address.js";
import { MAX_NETWORKS, NETWORK_PATTERN, parseNetwork } from "./networks.js";
import { privileged } from "./privileged.js";
import { BYTE_RATE_PATTERN, parseByteRate, parseRate, RATE_PATTERN } from "./rates.js";
import {
  duration,
  mismatch,
  mismatchOfQuantity,
  parsedText,
  wholeNumber,
  wholeNumberOr,
  within,
} from "./schema-values.js";

const RATE_BOUNDS = { min: 1, max: 100_000_000 };
const BYTE_RATE_BOUNDS = { min: 1, max: 100 * 1024 ** 3 };
const BURST_BOUNDS = { min: 10, max: 60_000 };
const TRACKED_BOUNDS = { min: 64, max: 1_048_576 };
const MAX_AMPLIFICATION = 1000;

/** A network with the text it was read from. */
export interface WrittenNetwork {
  readonly prefix: Prefix;
  readonly text: string;
}

function networks() {
  const read = (text: string): WrittenNetwork => ({ prefix: parseNetwork(text), text });
  return z
    .array(
      parsedText("a network such as 10.0.0.0/8 or 2001:db8::/32, or an address", NETWORK_PATTERN, read),
      mismatch("a list of networks"),
    )
    .max(MAX_NETWORKS, { error: `expected at most ${MAX_NETWORKS} networks` })
    .prefault([]);
}

function networkFile() {
  const title = "none or the path of a file";
  const path = z
    .string(mismatch(title))
    .min(1, mismatch(title))
    .refine((text) => !text.includes("\0"), mismatch(title))
    .meta({ title });
  return privileged(path, "file", "none").prefault("none");
}

/** A number a second; the word none is 0. */
function rate() {
  const title = "none or a rate from 1/s to 100000000/s";
  const read = (text: string) => (text === "none" ? 0 : within(RATE_BOUNDS, text, title, parseRate(text)));
  return parsedText(title, `^(none|${RATE_PATTERN})$`, read, mismatchOfQuantity(title)).prefault("none");
}

/** Bytes a second; the word none is 0. */
function byteRate() {
  const title = "none or bytes a second from 1B/s to 100GiB/s";
  const read = (text: string) =>
    text === "none" ? 0 : within(BYTE_RATE_BOUNDS, text, title, parseByteRate(text));
  return parsedText(title, `^(none|${BYTE_RATE_PATTERN})$`, read, mismatchOfQuantity(title)).prefault("none");
}

function rates(prefix4: number, prefix6: number) {
  return z.strictObject(
    {
      prefix4: wholeNumber({ min: 0, max: 32 })
        .prefault(prefix4)
        .describe("As many leading bits of an IPv4 address tell one from another. 0: all are one."),
      prefix6: wholeNumber({ min: 0, max: 128 }).prefault(prefix6).describe("The same for IPv6."),
      datagrams: rate().describe("Requests. What is beyond is dropped with reason rate_datagrams."),
      bytes: byteRate().describe("Bytes of requests. What is beyond is dropped with reason rate_bytes."),
      newFlows: rate().describe(
        "Requests that start a flow. What is beyond is dropped with reason rate_new_flows.",
      ),
      burst: duration(BURST_BOUNDS)
        .prefault("1s")
        .describe("As much as the rates give in this time may come at once."),
    },
    mismatch("a map"),
  );
}

export const guardSchema = z.strictObject(
  {
    deny: networks().describe(
      "Requests from here are dropped with reason denied, whatever the other lists say.",
    ),
    allow: networks().describe(
      "When there are any, here or in allowFile, requests from elsewhere are dropped with reason not_allowed.",
    ),
    exempt: networks().describe("Requests from here are not held to the rates."),
    denyFile: networkFile().describe(
      "More networks to deny: one a line, # begins a comment. The path is relative to the config file. Read at the start and at each reload.",
    ),
    allowFile: networkFile().describe("More networks to allow, in the same form. At least one."),
    perClient: rates(32, 64).prefault({}).describe("How much each client may do, over all its ports."),
    perNetwork: rates(24, 56)
      .prefault({})
      .describe("How much the clients of one network may do together. Judged after perClient."),
    amplification: wholeNumberOr("none", MAX_AMPLIFICATION)
      .prefault("none")
      .describe(
        "Most reply bytes for each request byte of a flow until its client goes on after a reply. What is beyond is dropped with reason amplification.",
      ),
    maxTracked: wholeNumber(TRACKED_BOUNDS)
      .prefault(65_536)
      .describe("Clients, and networks, whose rates are known at once; each takes 44 bytes."),
  },
  mismatch("a map"),
);

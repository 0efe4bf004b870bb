/**
 * The kinds of value that the schema is made of. Each kind states once what it expects: the same words are its
 * title in the JSON Schema and the reference, and the end of its error message.
 */
import { z } from "zod";
import { type Endpoint, isMulticast, parseEndpoint } from "../core/address.js";
import { SluiceError } from "../core/errors.js";
import type { Affinity } from "../core/snapshot.js";
import { AFFINITY_EXPECTED, AFFINITY_PATTERN, parseAffinity } from "./affinity.js";
import { describeValue } from "./key-path.js";
import { didYouMean } from "./nearest.js";
import { whyNoServer } from "./server-address.js";
import {
  DURATION_PATTERN,
  formatDuration,
  formatSize,
  parseDuration,
  parseSize,
  SIZE_PATTERN,
} from "./units.js";

/** An address with the text it was read from. */
export interface WrittenAddress {
  readonly endpoint: Endpoint;
  readonly text: string;
}

interface Bounds {
  readonly min: number;
  readonly max: number;
}

/** `found X, expected Y`, or for a key that is not there `missing, expected Y`. */
export function mismatch(expected: string): { error: (issue: { readonly input?: unknown }) => string } {
  return {
    error: ({ input }) =>
      input === undefined
        ? `missing, expected ${expected}`
        : `found ${describeValue(input)}, expected ${expected}`,
  };
}

/** The same for a value with a unit, where a number alone is the most likely mistake. */
export function mismatchOfQuantity(expected: string): ReturnType<typeof mismatch> {
  return {
    error: ({ input }) =>
      typeof input === "number"
        ? `found ${input} without a unit, expected ${expected}`
        : mismatch(expected).error({ input }),
  };
}

/** Text that `parse` reads; what `parse` throws on purpose becomes the problem's message. */
export function parsedText<T>(
  title: string,
  pattern: string,
  parse: (text: string) => T,
  params = mismatch(title),
) {
  return z
    .string(params)
    .transform((text, context): T => {
      try {
        return parse(text);
      } catch (error) {
        if (!(error instanceof SluiceError)) throw error;
        context.issues.push({ code: "custom", input: text, message: error.message });
        return z.NEVER;
      }
    })
    .meta({ title, pattern });
}

/** A duration in milliseconds; with `orNone` also the word none, which is 0. */
export function duration({ min, max, orNone = false }: Bounds & { readonly orNone?: boolean }) {
  const title = `${orNone ? "none or " : ""}a duration from ${formatDuration(min)} to ${formatDuration(max)}`;
  const pattern = orNone ? `^(none|${DURATION_PATTERN})$` : `^${DURATION_PATTERN}$`;
  const read = (text: string) =>
    orNone && text === "none" ? 0 : within({ min, max }, text, title, parseDuration(text));
  return parsedText(title, pattern, read, mismatchOfQuantity(title));
}

/** A size in bytes. */
export function size({ min, max }: Bounds) {
  const title = `a size from ${formatSize(min)} to ${formatSize(max)}`;
  const read = (text: string) => within({ min, max }, text, title, parseSize(text));
  return parsedText(title, `^${SIZE_PATTERN}$`, read, mismatchOfQuantity(title));
}

/** The value when it is within bounds. */
export function within({ min, max }: Bounds, text: string, title: string, value: number): number {
  if (value >= min && value <= max) return value;
  throw new SluiceError("OUT_OF_BOUNDS", `found ${describeValue(text)}, expected ${title}`);
}

/** A whole number. */
export function wholeNumber({ min, max }: Bounds) {
  const title = `a whole number from ${min} to ${max}`;
  const error = mismatch(title);
  return z.number(error).int(error).min(min, error).max(max, error).meta({ title });
}

/** A whole number from 1, or a word that means 0: no limit of our own. */
export function wholeNumberOr<W extends string>(word: W, max: number) {
  const title = `${word} or a whole number from 1 to ${max}`;
  const error = mismatch(title);
  const number = z.number(error).int(error).min(1, error).max(max, error);
  return z
    .union([number, z.literal(word)], error)
    .transform((value): number => (value === word ? 0 : (value as number)))
    .meta({ title });
}

/** One of a few words. */
export function oneOf<const W extends readonly [string, ...string[]]>(words: W) {
  const expected = `one of ${words.join(", ")}`;
  const error = ({ input }: { readonly input?: unknown }) =>
    mismatch(expected).error({ input }) + (typeof input === "string" ? didYouMean(input, words) : "");
  return z.enum(words, { error }).meta({ title: expected });
}

/** True or false. */
export function flag() {
  return z.boolean(mismatch("true or false")).meta({ title: "true or false" });
}

/** A name for people: it appears in statistics, logs and as `pool/backend`. */
export function name() {
  const title = "a name of 1 to 100 letters, digits and . _ - : [ ] %";
  return z
    .string(mismatch(title))
    .regex(/^[A-Za-z0-9._:[\]%-]{1,100}$/, mismatch(title))
    .meta({ title });
}

const ADDRESS_PATTERN = "^([0-9.]+|\\[[0-9A-Fa-f:.]+(%.+)?\\]):[0-9]{1,5}$";

/** Where to listen: an IP address of this machine, a wildcard or a broadcast address, and any port. */
export function listenAddress() {
  const title = "an IP address and port such as 0.0.0.0:53 or [::]:53";
  return parsedText(title, ADDRESS_PATTERN, (text) => {
    const address = readAddress(text);
    if (isMulticast(address.endpoint.ip)) {
      throw refused(text, "no multicast address: a listener joins no group, so nothing would come");
    }
    return address;
  });
}

/** Where a server is: an address of one host, and a port that is not 0. */
export function backendAddress() {
  const title = "an IP address and port such as 192.0.2.1:53 or [2001:db8::1]:53";
  return parsedText(title, ADDRESS_PATTERN, (text) => {
    const address = readAddress(text);
    const { ip, port } = address.endpoint;
    const why = whyNoServer(ip);
    if (why !== undefined) throw refused(text, `the address of one server: ${why}`);
    if (port === 0) throw refused(text, "a port from 1 to 65535: port 0 cannot be sent to");
    return address;
  });
}

function readAddress(text: string): WrittenAddress {
  return { endpoint: parseEndpoint(text), text };
}

function refused(text: string, expected: string): SluiceError {
  return new SluiceError("ADDRESS_INVALID", `found ${describeValue(text)}, expected ${expected}`);
}

/** Which datagrams belong together. */
export function affinity() {
  return parsedText(AFFINITY_EXPECTED, AFFINITY_PATTERN, (text): Affinity => parseAffinity(text));
}

/**
 * Durations and sizes as people write them: `120s`, `4MiB`. A number without a unit is refused, because nobody
 * can see from it whether it means seconds or milliseconds.
 */
import { SluiceError } from "../core/errors.js";
import { quote } from "./key-path.js";

const MS_PER_UNIT: ReadonlyMap<string, number> = new Map([
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
  ["ms", 1],
]);

const BYTES_PER_UNIT: ReadonlyMap<string, number> = new Map([
  ["GiB", 1024 ** 3],
  ["MiB", 1024 ** 2],
  ["KiB", 1024],
  ["B", 1],
]);

/** The text form of a duration, for JSON Schema; whether it is a whole number of milliseconds is not part of it. */
export const DURATION_PATTERN = "[0-9]+(\\.[0-9]+)?(ms|s|m|h)";
/** The text form of a size, for JSON Schema; whether it is a whole number of bytes is not part of it. */
export const SIZE_PATTERN = "[0-9]+(\\.[0-9]+)?(B|KiB|MiB|GiB)";

/** Thrown by the parsers here; the message names the text and what was expected. */
export class UnitError extends SluiceError {
  constructor(message: string) {
    super("UNIT_INVALID", message);
  }
}

/**
 * Reads `500ms`, `1.5s`, `2m`, `1h` to whole milliseconds.
 * @throws UnitError
 */
export function parseDuration(text: string): number {
  return parseQuantity(text, MS_PER_UNIT, "a duration such as 500ms, 120s, 2m or 1h");
}

/** The shortest exact text: the largest unit that divides `ms`, a whole number from 0. */
export function formatDuration(ms: number): string {
  return ms === 0 ? "0s" : formatQuantity(ms, MS_PER_UNIT);
}

/**
 * Reads `1500B`, `64KiB`, `4MiB`, `1GiB` to whole bytes.
 * @throws UnitError
 */
export function parseSize(text: string): number {
  return parseQuantity(text, BYTES_PER_UNIT, "a size such as 1500B, 64KiB, 4MiB or 1GiB");
}

/** The shortest exact text: the largest unit that divides `bytes`, a whole number from 0. */
export function formatSize(bytes: number): string {
  return bytes === 0 ? "0B" : formatQuantity(bytes, BYTES_PER_UNIT);
}

function parseQuantity(text: string, units: ReadonlyMap<string, number>, expected: string): number {
  const match = /^([0-9]{1,15})(?:\.([0-9]{1,15}))?([A-Za-z]*)$/.exec(text);
  const [, whole = "", fraction = "", unit = ""] = match ?? [];
  const factor = units.get(unit);
  if (match === null || factor === undefined) {
    const unitless = match !== null && unit === "" ? " without a unit" : "";
    throw new UnitError(`found ${quote(text)}${unitless}, expected ${expected}`);
  }
  // In integers, because 1.1 s is 1100.0000000000002 ms in floating point.
  const scaled = BigInt(whole + fraction) * BigInt(factor);
  const scale = 10n ** BigInt(fraction.length);
  const value = Number(scaled / scale);
  if (scaled % scale !== 0n || !Number.isSafeInteger(value)) {
    const smallest = [...units.keys()].at(-1);
    throw new UnitError(`found ${quote(text)}, expected a whole number when counted in ${smallest}`);
  }
  return value;
}

function formatQuantity(value: number, units: ReadonlyMap<string, number>): string {
  for (const [unit, factor] of units) {
    if (value % factor === 0) return `${value / factor}${unit}`;
  }
  throw new UnitError(`${value} cannot be written with a unit, expected a whole number from 0`);
}

/** Rates as people write them: `1000/s`, and `1MiB/s` for bytes. A number without a unit is refused, as in `units.ts`. */
import { SluiceError } from "../core/errors.js";
import { quote } from "./key-path.js";
import { formatSize, parseSize, SIZE_PATTERN } from "./units.js";

/** The text forms, for JSON Schema. */
export const RATE_PATTERN = "[0-9]+/s";
export const BYTE_RATE_PATTERN = `${SIZE_PATTERN}/s`;

/**
 * Reads `1000/s` to 1000.
 * @throws SluiceError with code `RATE_INVALID`
 */
export function parseRate(text: string): number {
  const match = /^([0-9]{1,15})\/s$/.exec(text);
  if (match === null) throw refused(text, "a rate such as 1000/s");
  return Number(match[1]);
}

/** The inverse of `parseRate`. */
export function formatRate(perS: number): string {
  return `${perS}/s`;
}

/**
 * Reads `1500B/s`, `64KiB/s`, `1MiB/s` to whole bytes a second.
 * @throws SluiceError with code `RATE_INVALID` or, for the size in it, `UNIT_INVALID`
 */
export function parseByteRate(text: string): number {
  if (!text.endsWith("/s")) throw refused(text, "bytes a second such as 64KiB/s or 1MiB/s");
  return parseSize(text.slice(0, -2));
}

/** The shortest exact text that `parseByteRate` reads as this rate. */
export function formatByteRate(bytesPerS: number): string {
  return `${formatSize(bytesPerS)}/s`;
}

function refused(text: string, expected: string): SluiceError {
  return new SluiceError("RATE_INVALID", `found ${quote(text)}, expected ${expected}`);
}

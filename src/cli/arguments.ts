/**
 * Reads the values of flags. A value that is not right becomes a usage error: commander prints it with the flag's
 * name and the command exits 2.
 */
import { InvalidArgumentError } from "commander";
import { SluiceError } from "../core/errors.js";

/** A parser for whole numbers from `min` to `max`. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`expected a whole number from ${min} to ${max}`);
  };
}

export const MAX_PORT = 65_535;

/** For a flag that may be given several times: appends what `parse` makes of each. */
export function collect<T>(parse: (text: string) => T): (text: string, earlier: T[] | undefined) => T[] {
  return (text, earlier = []) => [...earlier, parse(text)];
}

/** Lets the errors that a parser of ours throws on purpose pass as usage errors. */
export function checked<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      if (error instanceof SluiceError) throw new InvalidArgumentError(error.message);
      throw error;
    }
  };
}

/** The same, or the word `auto`. */
export function wholeNumberOrAuto(min: number, max: number): (text: string) => number | "auto" {
  const parse = wholeNumber(min, max);
  return (text) => (text === "auto" ? "auto" : parse(text));
}

/** How the rest of sluice and its users hear that a config is not valid: every problem, each with its place. */
import { SluiceError } from "../core/errors.js";

/** One thing that is wrong, or for a warning worth a look, with its place as far as it is known. */
export interface Problem {
  readonly file: string | undefined;
  /** 1-based, as editors count; undefined when the config did not come from text. */
  readonly line: number | undefined;
  /** 1-based, in UTF-16 units. */
  readonly column: number | undefined;
  /** The key, such as `pools[0].backends[2].weight`; empty when it is the whole file. */
  readonly path: string;
  /** What is wrong and what was expected. */
  readonly message: string;
}

/** More than anyone reads at once. What a megabyte of garbage does wrong would be many megabytes. */
export const MAX_PROBLEMS = 20;

export interface ConfigErrorOptions extends ErrorOptions {
  /** How many problems there are besides those that are given. Default 0. */
  readonly more?: number;
  /** Whether nobody has counted all of them. Default: false. */
  readonly isCut?: boolean;
}

/** A config that is not valid. The message lists the problems, one a line. */
export class ConfigError extends SluiceError {
  declare readonly code: "CONFIG_INVALID";
  /** The first problems, in the order of the text: 1 to 20. */
  readonly problems: readonly Problem[];
  /** How many more there are, or at least so many where `isCut`. */
  readonly more: number;
  readonly isCut: boolean;

  constructor(
    problems: readonly Problem[],
    { more = 0, isCut = false, ...options }: ConfigErrorOptions = {},
  ) {
    const shown = problems.slice(0, MAX_PROBLEMS);
    const left = more + problems.length - shown.length;
    super(
      "CONFIG_INVALID",
      [...shown.map(formatProblem), ...describeMore({ more: left, isCut })].join("\n"),
      options,
    );
    this.problems = Object.freeze(shown);
    this.more = left;
    this.isCut = isCut;
  }

  /** The same error with its problems told in other words. */
  with(change: (problem: Problem) => Problem): ConfigError {
    return new ConfigError(this.problems.map(change), { cause: this, more: this.more, isCut: this.isCut });
  }
}

/** `and 5 more problems`; nothing where there are none. */
export function describeMore({
  more,
  isCut = false,
}: Pick<ConfigErrorOptions, "isCut"> & { more: number }): string[] {
  if (more === 0) return [];
  return [`and ${isCut ? "at least " : ""}${more} more ${more === 1 ? "problem" : "problems"}`];
}

/** `FILE:LINE:COLUMN: key.path: what is wrong, what was expected`, without the parts that are not known. */
export function formatProblem(problem: Problem): string {
  const { file, line, column, path, message } = problem;
  const place = [file, line, line === undefined ? undefined : column].filter((part) => part !== undefined);
  return [place.join(":"), path, message].filter((part) => part !== "").join(": ");
}

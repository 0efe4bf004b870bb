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

/** More than anyone reads at once; `problems` always holds all. */
const SHOWN_PROBLEMS = 50;

/** A config that is not valid. The message lists the problems, one a line. */
export class ConfigError extends SluiceError {
  declare readonly code: "CONFIG_INVALID";
  /** All problems, in the order of the text; at least one. */
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[], options?: ErrorOptions) {
    super("CONFIG_INVALID", describeProblems(problems), options);
    this.problems = Object.freeze([...problems]);
  }
}

/** `FILE:LINE:COLUMN: key.path: what is wrong, what was expected`, without the parts that are not known. */
export function formatProblem(problem: Problem): string {
  const { file, line, column, path, message } = problem;
  const place = [file, line, line === undefined ? undefined : column].filter((part) => part !== undefined);
  return [place.join(":"), path, message].filter((part) => part !== "").join(": ");
}

function describeProblems(problems: readonly Problem[]): string {
  const lines = problems.slice(0, SHOWN_PROBLEMS).map(formatProblem);
  if (problems.length > SHOWN_PROBLEMS) lines.push(`and ${problems.length - SHOWN_PROBLEMS} more problems`);
  return lines.join("\n");
}

/** `sluice check`: says whether a config file is right, without starting anything. */
import type { Command } from "commander";
import { Option } from "commander";
import type { Config } from "../config/config.js";
import { ConfigError, describeMore, formatProblem, type Problem } from "../config/config-error.js";
import { EXIT } from "./exit-codes.js";
import { printable, printableJson } from "./printable.js";

const FORMATS = ["text", "json"] as const;

interface CheckFlags {
  readonly format: (typeof FORMATS)[number];
  readonly printSchema?: true;
}

interface CheckResult {
  readonly file: string;
  /** Missing when there are problems. */
  readonly config?: Config;
  readonly problems: readonly Problem[];
  /** How many more problems there are. */
  readonly more: number;
  readonly warnings: readonly Problem[];
}

export function addCheckCommand(program: Command): void {
  program
    .command("check")
    .summary("check a config file")
    .description(
      "Prints every problem and warning of a config file as FILE:LINE:COLUMN: key: message. Exits 0 when the file\n" +
        "is valid, warnings or not, and 2 when it is not.",
    )
    .argument("[file]", "config file, YAML or JSON")
    .addOption(new Option("--format <format>", "how to print the result").choices(FORMATS).default("text"))
    .option("--print-schema", "print the JSON Schema of a config instead")
    .addHelpText(
      "after",
      "\nExamples:\n  sluice check sluice.yaml\n  sluice check --print-schema > sluice.schema.json",
    )
    .action(async (file: string | undefined, flags: CheckFlags, command: Command) => {
      if (flags.printSchema) {
        const { createJsonSchema } = await import("../config/json-schema.js");
        console.log(JSON.stringify(createJsonSchema(), undefined, 2));
      } else if (file === undefined) {
        command.error("error: missing required argument 'file'");
      } else {
        const result = await checkFile(file);
        console.log(flags.format === "json" ? formatJson(result) : formatText(result));
        if (result.config === undefined) process.exitCode = EXIT.usage;
      }
    });
}

async function checkFile(file: string): Promise<CheckResult> {
  const { loadConfigFile } = await import("../config/load-config.js");
  try {
    return { file, problems: [], more: 0, ...(await loadConfigFile(file)) };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { file, problems: error.problems, more: error.more, warnings: [] };
  }
}

function formatText({ file, config, problems, more, warnings }: CheckResult): string {
  const lines = [
    ...problems.map(formatProblem),
    ...describeMore({ more }),
    ...warnings.map((warning) => formatProblem({ ...warning, message: `warning: ${warning.message}` })),
  ];
  if (config !== undefined) lines.push(`${file}: ok (${formatSize(config)})`);
  return lines.map(printable).join("\n");
}

function formatJson({ file, config, problems, more, warnings }: CheckResult): string {
  return printableJson(
    JSON.stringify({ file, ok: config !== undefined, problems, more, warnings }, undefined, 2),
  );
}

function formatSize(config: Config): string {
  const backends = config.pools.reduce((sum, pool) => sum + pool.backends.length, 0);
  const sources = config.pools.reduce((sum, pool) => sum + pool.discover.length, 0);
  return [
    plural(config.listeners.length, "listener"),
    plural(config.pools.length, "pool"),
    plural(backends, "backend"),
    ...(sources === 0 ? [] : [plural(sources, "source")]),
  ].join(", ");
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}

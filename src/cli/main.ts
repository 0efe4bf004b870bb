/**
 * The `sluice` command: its subcommands, and what becomes of their errors. bin/sluice.js calls `main`.
 */
import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { addAdminCommands } from "./admin-commands.js";
import { createBenchCommand } from "./bench.js";
import { addCheckCommand } from "./check.js";
import { addCompletionCommand } from "./completion/completion-command.js";
import { describeFailure } from "./errors.js";
import { EXIT, EXIT_CODES_HELP, type ExitCode } from "./exit-codes.js";
import { addLabCommand } from "./lab.js";
import { addPingCommand } from "./ping.js";
import { addPingServerCommand } from "./ping-server.js";
import { printable } from "./printable.js";
import { addRunCommand } from "./run.js";

const EXAMPLES = `
Examples:
  sluice run --listen 0.0.0.0:53 --backend 192.0.2.1:53 --backend 192.0.2.2:53
  sluice run --config sluice.yaml
  sluice check sluice.yaml
  sluice status
  sluice drain default/a
  sluice lab`;

/** Runs the command line and leaves its result in `process.exitCode`. */
export async function main(argv: readonly string[]): Promise<void> {
  // Whoever read our output has gone, as with `| head`. That is no reason to stop balancing.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", ignoreBrokenPipe);
  try {
    await createProgram().parseAsync(argv);
  } catch (error) {
    process.exitCode = reportError(error);
  }
}

export function createProgram(): Command {
  const program = new Command("sluice")
    .description("A UDP load balancer.")
    .version(readVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand("help [command]", "print help for a command")
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(`sluice: ${text.replace(/^error: /, "")}`) });
  for (const add of [addRunCommand, addCheckCommand, addAdminCommands, addLabCommand]) add(program);
  for (const add of [addPingCommand, addPingServerCommand]) add(program);
  program.addCommand(createBenchCommand().copyInheritedSettings(program));
  addCompletionCommand(program);
  program.addHelpText("after", EXAMPLES);
  program.addHelpText("afterAll", `\n${EXIT_CODES_HELP}`);
  for (const command of program.commands) addUsageToErrors(command, "sluice");
  return program.showHelpAfterError("sluice --help lists the commands");
}

function addUsageToErrors(command: Command, parent: string): void {
  const name = `${parent} ${command.name()}`;
  command.showHelpAfterError(`usage: ${name} ${command.usage()}\n${name} --help`);
  for (const child of command.commands) addUsageToErrors(child, name);
}

function reportError(error: unknown): ExitCode {
  // Commander has printed its message, or the help that was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const { messages, exitCode } = describeFailure(error);
  for (const message of messages) console.error(`sluice: ${printable(message)}`);
  return exitCode;
}

function ignoreBrokenPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
}

function readVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

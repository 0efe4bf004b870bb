/** What a shell can complete, taken from commander's commands: their names, flags, and what their values may be. */
import type { Argument, Command, Option } from "commander";
import { BACKEND_ARGUMENT } from "../admin-commands.js";

/** What stands in a place: one of some words, a file, a backend that the balancer knows, or anything. */
export type Value =
  | { readonly kind: "words"; readonly words: readonly string[] }
  | { readonly kind: "file" | "backend" | "any" };

export interface FlagSpec {
  /** `-w` and `--write`, or only one of them. */
  readonly names: readonly string[];
  readonly summary: string;
  /** Undefined for a flag without one. */
  readonly value: Value | undefined;
}

export interface CommandSpec {
  /** From the program on: empty for the program itself, `["config", "diff"]`. */
  readonly path: readonly string[];
  readonly summary: string;
  readonly flags: readonly FlagSpec[];
  readonly arguments: readonly { readonly name: string; readonly value: Value }[];
  readonly commands: readonly CommandSpec[];
}

export function describeProgram(program: Command): CommandSpec {
  return describeCommand(program, []);
}

/** The command and every one below it. */
export function listCommands(spec: CommandSpec): CommandSpec[] {
  return [spec, ...spec.commands.flatMap(listCommands)];
}

function describeCommand(command: Command, path: readonly string[]): CommandSpec {
  const help = command.createHelp();
  const children = command.commands.map((child) => describeCommand(child, [...path, child.name()]));
  const helpCommand = { path: [...path, "help"], summary: "print help for a command" };
  const isProgram = path.length === 0;
  return {
    path,
    summary: command.summary() || command.description(),
    flags: help.visibleOptions(command).map(describeFlag),
    arguments: command.registeredArguments.map((argument) => ({
      name: argument.name(),
      value: valueOfArgument(argument),
    })),
    commands: isProgram
      ? [...children, { ...helpCommand, flags: [], arguments: [namesOf(children)], commands: [] }]
      : children,
  };
}

/** `sluice help` is followed by a command. */
function namesOf(commands: readonly CommandSpec[]): CommandSpec["arguments"][number] {
  const words = commands.map(({ path }) => path[path.length - 1]);
  return { name: "command", value: { kind: "words", words } };
}

function describeFlag(option: Option): FlagSpec {
  const names = [option.short, option.long].filter((name) => name !== undefined && name !== null);
  return {
    names,
    summary: option.description,
    value: option.required || option.optional ? valueOfOption(option) : undefined,
  };
}

/** By the word in brackets in the help: `<file>`; backends are named where the help says `--backend <name>`. */
function valueOfOption({ argChoices, flags }: Option): Value {
  if (argChoices !== undefined) return { kind: "words", words: argChoices };
  if (/<file>/.test(flags)) return { kind: "file" };
  return { kind: flags === "--backend <name>" ? "backend" : "any" };
}

function valueOfArgument(argument: Argument): Value {
  if (argument.argChoices !== undefined) return { kind: "words", words: argument.argChoices };
  if (argument.name() === "file") return { kind: "file" };
  return { kind: argument.name() === BACKEND_ARGUMENT ? "backend" : "any" };
}

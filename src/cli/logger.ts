/**
 * The log of `sluice run`. It goes to stderr, so that stdout stays for what a command was asked to print. Both formats
 * write at once and in this thread: the last line before an exit is never lost.
 */
import { type DestinationStream, type Logger, pino, stdTimeFunctions } from "pino";
import { prettyFactory } from "pino-pretty";
import type { LogFormat, LogLevel } from "./log-choices.js";
import { createLineOutput } from "./log-output.js";
import { printable, printableJson, printableLines } from "./printable.js";

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Colours in the pretty format. */
  readonly colorize: boolean;
  /** Where lines go. Default: stderr. */
  readonly output?: DestinationStream;
}

export type { Logger };

const STDERR = 2;

/** A line is a short fixed message and fields; JSON has both as they are, pretty writes the fields as `key=value`. */
export function createLogger(options: LogOptions): Logger {
  const output =
    options.output ?? createLineOutput(STDERR, (lost, reason) => createNote(options, lost, reason));
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    options.format === "json" ? createJsonStream(output) : createPrettyStream(output, options.colorize),
  );
}

/** The line that says that others were lost. */
function createNote(options: LogOptions, lost: number, reason: string): string {
  const lines: string[] = [];
  const output = { write: (line: string) => void lines.push(line) };
  createLogger({ ...options, level: "warn", output }).warn({ lost, reason }, "log lines were lost");
  return lines.join("");
}

/** A terminal obeys characters that JSON need not escape. */
function createJsonStream(output: DestinationStream): DestinationStream {
  return { write: (line) => void output.write(printableJson(line)) };
}

function createPrettyStream(output: DestinationStream, colorize: boolean): DestinationStream {
  const prettify = prettyFactory({
    colorize,
    translateTime: "SYS:yyyy-mm-dd HH:MM:ss.l",
    hideObject: true,
    messageFormat: (line, messageKey) => formatLine(line, messageKey),
  });
  return { write: (line) => void output.write(prettify(line) ?? line) };
}

/** What the pretty format shows in its own way: pino's own fields, and a problem, which the message spells out. */
const OWN_FIELDS = new Set(["level", "time", "msg", "stack", "problem"]);

function formatLine(line: Readonly<Record<string, unknown>>, messageKey: string): string {
  const fields = Object.entries(line)
    .filter(([key, value]) => !OWN_FIELDS.has(key) && value !== undefined)
    .map(([key, value]) => ` ${key}=${formatValue(value)}`);
  const stack = typeof line.stack === "string" ? `\n${printableLines(line.stack)}` : "";
  return `${printable(`${line[messageKey]}${fields.join("")}`)}${stack}`;
}

/** Text with spaces in quotes, lists and maps in brackets: short, and still clear where a value ends. */
function formatValue(value: unknown): string {
  if (typeof value === "string") return /^[\w.:/[\]%+-]+$/.test(value) ? value : JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(formatValue).join(", ")}]`;
  if (typeof value !== "object" || value === null) return String(value);
  return `{${Object.entries(value)
    .map(([key, part]) => `${key}: ${formatValue(part)}`)
    .join(", ")}}`;
}

/** Where a command that asks a running balancer prints: tables for people, JSON for scripts. */
import { printable, printableJson } from "./printable.js";
import { choosePainter, type Painter } from "./view/style.js";

export interface Output {
  /** Columns of the terminal; Infinity in a pipe or a file, where nothing is cut. */
  readonly width: number;
  readonly paint: Painter;
  readonly isTerminal: boolean;
  line(text: string): void;
  lines(texts: readonly string[]): void;
  /** What the API answered. */
  json(value: unknown): void;
  /** One line, for streams. */
  jsonLine(value: unknown): void;
  /** What is not the answer, on stderr. */
  note(text: string): void;
}

export function createOutput(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Output {
  return {
    width: stream.isTTY ? stream.columns || 80 : Number.POSITIVE_INFINITY,
    paint: choosePainter(stream, env),
    isTerminal: stream.isTTY === true,
    line: (text) => void stream.write(`${text}\n`),
    lines: (texts) => void stream.write(texts.map((text) => `${text}\n`).join("")),
    json: (value) => void stream.write(`${formatJson(value, 2)}\n`),
    jsonLine: (value) => void stream.write(`${formatJson(value)}\n`),
    note: (text) => console.error(printable(text)),
  };
}

/** What a terminal would obey is escaped. */
export function formatJson(value: unknown, indent?: number): string {
  return printableJson(JSON.stringify(value, undefined, indent));
}

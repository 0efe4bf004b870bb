/** Programs that answer a line with a line of JSON, in processes that end with the test. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Cleanup } from "./cleanup.js";
import { within } from "./waiting.js";

/** A busy machine takes seconds to start a process. */
const START_MS = 90_000;

export class JsonProgram {
  readonly #child: ChildProcess;
  readonly #lines: Interface;
  readonly #iterator: AsyncIterator<string>;
  #errors = "";

  /** @param command a program and its arguments */
  constructor(t: Cleanup, command: readonly string[]) {
    this.#child = spawn(command[0], command.slice(1), { stdio: ["pipe", "pipe", "pipe"] });
    this.#child.stderr!.setEncoding("utf8").on("data", (text: string) => {
      this.#errors += text;
    });
    this.#lines = createInterface({ input: this.#child.stdout! });
    this.#iterator = this.#lines[Symbol.asyncIterator]();
    t.after(() => this.#end());
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /** The next line. */
  async next<T>(timeoutMs = START_MS): Promise<T> {
    const { value, done } = await within(this.#iterator.next(), "a line of the other process", timeoutMs);
    if (done) throw new Error(`the other process ended: ${this.#errors}`);
    return JSON.parse(value) as T;
  }

  /** Asks, and gives the answer. */
  ask<T>(line = ""): Promise<T> {
    this.#child.stdin!.write(`${line}\n`);
    return this.next<T>();
  }

  async #end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "close");
    this.#child.stdin!.end();
    await within(ended, "the other process to end").catch(() => this.#child.kill("SIGKILL"));
  }
}

/** The path of a built program in this folder. */
export function programPath(name: string): string {
  return fileURLToPath(new URL(`./${name}.js`, import.meta.url));
}

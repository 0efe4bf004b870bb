/**
 * Runs the real command in a process of its own, with a time limit. Ends only processes that it started itself.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";

export const SLUICE = fileURLToPath(new URL("../../bin/sluice.js", import.meta.url));

/** Generous: a busy CI machine takes seconds to start a process. */
const DEADLINE_MS = 90_000;

export interface Finished {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A line of the JSON log. */
export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** Runs a program to its end. Rejects when it takes longer than `timeoutMs`. */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: { readonly timeoutMs?: number; readonly env?: NodeJS.ProcessEnv; readonly cwd?: string } = {},
): Promise<Finished> {
  const child = spawn(program, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...options.env },
    cwd: options.cwd,
  });
  const output = capture(child);
  const timeoutMs = options.timeoutMs ?? DEADLINE_MS;
  await within(
    once(child, "close"),
    timeoutMs,
    child,
    () => `${program} ${args.join(" ")} to end\n${output.stderr}`,
  );
  return { code: child.exitCode, ...output };
}

/** Runs `sluice` with arguments to its end. */
export function runCli(
  args: readonly string[],
  options: { readonly timeoutMs?: number } = {},
): Promise<Finished> {
  return runProgram(process.execPath, [SLUICE, ...args], options);
}

export interface StartOptions {
  /** Added to this process's environment. */
  readonly env?: NodeJS.ProcessEnv;
  /** Descriptors of this process that the other gets, as 3, 4, ... */
  readonly fds?: readonly number[];
  /** It starts processes of its own, which end with it even if it forgets them. Default false. */
  readonly group?: boolean;
}

/** A process that runs on until it is told to stop. */
export class RunningProcess {
  readonly #child: ChildProcess;
  readonly #output: { stdout: string; stderr: string };
  readonly #ended: Promise<unknown>;
  readonly #group: boolean;

  /** Whatever is left of it ends with the test. */
  constructor(
    t: TestContext,
    program: string,
    args: readonly string[],
    { env = {}, fds = [], group = false }: StartOptions = {},
  ) {
    this.#group = group;
    this.#child = spawn(program, args, {
      stdio: ["ignore", "pipe", "pipe", ...fds],
      env: { ...process.env, ...env },
      detached: group,
    });
    this.#output = capture(this.#child);
    this.#ended = once(this.#child, "close");
    t.after(() => this.kill());
  }

  get stdout(): string {
    return this.#output.stdout;
  }

  get stderr(): string {
    return this.#output.stderr;
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Waits until `find` gives something other than undefined; looks again at every piece of output. */
  async waitFor<T>(what: string, find: () => T | undefined, timeoutMs = DEADLINE_MS): Promise<T> {
    const found = new Promise<T>((resolve, reject) => {
      const look = (): void => {
        const value = find();
        if (value !== undefined) resolve(value);
      };
      this.#child.stdout!.on("data", look);
      this.#child.stderr!.on("data", look);
      this.#ended.then(() => reject(new Error(`ended before ${what}\n${this.stderr}`)));
      look();
    });
    return within(found, timeoutMs, this.#child, () => `${what}\n${this.stderr}`);
  }

  /** Waits for its end by itself or by a signal sent before. */
  async ended(timeoutMs = DEADLINE_MS): Promise<Finished> {
    await within(this.#ended, timeoutMs, this.#child, () => `the end\n${this.stderr}`);
    return { code: this.#child.exitCode, stdout: this.stdout, stderr: this.stderr };
  }

  /** Closes our end of its stderr, as a reader does that goes away. */
  closeStderr(): void {
    this.#child.stderr!.destroy();
  }

  async kill(): Promise<void> {
    if (this.#group) this.#killGroup();
    else if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill("SIGKILL");
    await this.#ended;
  }

  /** Its children hold its output open, so that its end would not be seen while one is left. */
  #killGroup(): void {
    try {
      process.kill(-this.pid, "SIGKILL");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}

/** `sluice run` with the JSON log. */
export class RunningCli extends RunningProcess {
  constructor(t: TestContext, args: readonly string[], options: StartOptions = {}) {
    super(t, process.execPath, [SLUICE, "run", "--log-format", "json", ...args], options);
  }

  /** The log so far. */
  get log(): readonly LogLine[] {
    const whole = this.stderr.slice(0, this.stderr.lastIndexOf("\n") + 1);
    return whole
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as LogLine);
  }

  /** Waits for the `count`th line with this message. */
  waitForLog(msg: string, count = 1): Promise<LogLine> {
    return this.waitFor(`log line "${msg}"`, () => this.log.filter((line) => line.msg === msg)[count - 1]);
  }

  /** Waits until it is ready; the ports of its listeners, in their order. */
  async ready(): Promise<number[]> {
    const { listeners } = (await this.waitForLog("ready")) as unknown as { listeners: { address: string }[] };
    return listeners.map(({ address }) => Number(address.slice(address.lastIndexOf(":") + 1)));
  }
}

function capture(child: ChildProcess): { stdout: string; stderr: string } {
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name]!.setEncoding("utf8").on("data", (text: string) => {
      output[name] += text;
    });
  }
  return output;
}

/** Past the time limit the child is killed and the wait fails. */
async function within<T>(
  wait: Promise<T>,
  timeoutMs: number,
  child: ChildProcess,
  what: () => string,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`waited ${timeoutMs} ms for ${what()}`));
    }, timeoutMs);
  });
  try {
    return await Promise.race([wait, late]);
  } finally {
    clearTimeout(timer);
  }
}

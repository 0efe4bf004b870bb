/** Both sides of how a run talks to its processes: one message over IPC, one answer. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const KEPT_OUTPUT = 4000;

// biome-ignore lint/suspicious/noExplicitAny: the two sides of a message are written side by side
type Handlers = Readonly<Record<string, (message: any) => unknown>>;

/** In a child: answers each message with what the handler of its `type` gives, and ends when the parent does. */
export function answerMessages(handlers: Handlers): void {
  process.on("disconnect", () => process.exit());
  process.on("message", async (message: { type: string }) => {
    try {
      process.send!({ value: await handlers[message.type]!(message) });
    } catch (error) {
      process.send!({ error: (error as Error).message });
    }
  });
  process.send!({ value: "ready" });
}

/** The path of a program in this folder. */
export function programPath(name: string): string {
  return fileURLToPath(new URL(`./${name}.js`, import.meta.url));
}

/** A process that we started, and that ends with us. */
export class Child {
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;
  output = "";

  private constructor(command: readonly string[], ipc: boolean) {
    const [program, ...args] = command;
    this.#process = spawn(program!, args, {
      stdio: ["ignore", "pipe", "pipe", ...(ipc ? (["ipc"] as const) : [])],
    });
    this.#ended = once(this.#process, "close").catch(() => {});
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream!.setEncoding("utf8").on("data", (text: string) => {
        this.output = (this.output + text).slice(-KEPT_OUTPUT);
      });
    }
  }

  /** Any program. */
  static start(command: readonly string[]): Child {
    return new Child(command, false);
  }

  /** A Node.js program that answers messages; resolves when it can. @param prefix such as `ip netns exec NAME` */
  static async open(prefix: readonly string[], name: string, ...args: string[]): Promise<Child> {
    const child = new Child([...prefix, process.execPath, programPath(name), ...args], true);
    await child.#answer();
    return child;
  }

  get pid(): number {
    return this.#process.pid as number;
  }

  async ask<T = unknown>(type: string, message: object = {}): Promise<T> {
    const answer = this.#answer();
    this.#process.send({ ...message, type });
    return (await answer) as T;
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#ended;
  }

  async #answer(): Promise<unknown> {
    const ended = this.#ended.then(() => Promise.reject(new Error(`ended by itself: ${this.output.trim()}`)));
    const [{ value, error }] = await Promise.race([once(this.#process, "message"), ended]);
    if (error !== undefined) throw new Error(error);
    return value;
  }
}

/** A terminal for tests: a tmux server of their own, with one window. */
import { join } from "node:path";
import type { TestContext } from "node:test";
import { runProgram } from "./run-cli.js";
import { createTemporaryFolder } from "./temporary-folder.js";
import { eventually } from "./waiting.js";

const SCREEN_DEADLINE_MS = 90_000;

export class TmuxTerminal {
  readonly #socket: string;

  private constructor(socket: string) {
    this.#socket = socket;
  }

  /** Runs a shell command in a window of this size. The server ends with the test. */
  static async open(
    t: TestContext,
    command: string,
    {
      columns,
      rows,
      env = {},
    }: { readonly columns: number; readonly rows: number; readonly env?: NodeJS.ProcessEnv },
  ): Promise<TmuxTerminal> {
    // A socket of its own: other servers of this user are not touched.
    const ends: (() => void)[] = [];
    const terminal = new TmuxTerminal(
      join(
        createTemporaryFolder((remove) => ends.push(remove)),
        "tmux",
      ),
    );
    t.after(async () => {
      await terminal.#run(["kill-server"]);
      for (const end of ends) end();
    });
    const size = ["-x", String(columns), "-y", String(rows)];
    await terminal.#run(["-f", "/dev/null", "new-session", "-d", ...size, command], env);
    return terminal;
  }

  /** tmux's names of keys: `Down`, `Enter`, `C-c`, or characters. */
  async press(...keys: readonly string[]): Promise<void> {
    await this.#run(["send-keys", ...keys]);
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#run(["resize-window", "-x", String(columns), "-y", String(rows)]);
  }

  /** What is on the screen now, as lines. */
  async screen(): Promise<string[]> {
    const { stdout } = await this.#run(["capture-pane", "-p"]);
    return stdout.split("\n").slice(0, -1);
  }

  /** Waits until the screen has this; the screen then. */
  waitFor(wanted: RegExp): Promise<string> {
    return eventually(async () => {
      const text = (await this.screen()).join("\n");
      if (!wanted.test(text)) throw new Error(`the screen has no ${wanted}:\n${text}`);
      return text;
    }, SCREEN_DEADLINE_MS);
  }

  /** Whether the program shows on the alternate screen. */
  async isAlternate(): Promise<boolean> {
    const { stdout } = await this.#run(["display-message", "-p", "#{alternate_on} #{cursor_flag}"]);
    return stdout.startsWith("1 0");
  }

  #run(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    return runProgram("tmux", ["-S", this.#socket, ...args], { env: { TMUX: "", ...env } });
  }
}

// Starts a program inside the namespace, on one CPU, and ends it. Each is in a process group of its own: Ctrl-C reaches
// only the benchmark, which then ends them in order.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

const STOP_MS = 1000;
const KEPT_OUTPUT = 4000;

/**
 * @typedef {object} Command
 * @property {string} program
 * @property {readonly string[]} args
 * @property {string} [label] what messages call it; default: `program`
 * @property {boolean} [ipc] whether it is a Node.js script that talks over IPC
 */

/**
 * @param {{ name: string, descriptors: number }} namespace and how many descriptors a program in it may have
 * @param {number} cpu the only CPU it may use
 * @param {Command} command
 */
export function startChild(namespace, cpu, { program, args, ipc = false, label = program }) {
  const { name, descriptors } = namespace;
  const place = ["netns", "exec", name, "prlimit", `--nofile=${descriptors}:${descriptors}`];
  const pinned = ["taskset", "-c", `${cpu}`, program, ...args];
  const child = spawn("ip", [...place, ...pinned], {
    stdio: ["ignore", "pipe", "pipe", ...(ipc ? ["ipc"] : [])],
    detached: true,
  });
  return new Child(child, label);
}

class Child {
  #child;
  #label;
  #output = "";
  #ended;

  constructor(child, label) {
    this.#child = child;
    this.#label = label;
    this.#ended = once(child, "close");
    this.#ended.catch(() => {});
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        this.#output = (this.#output + text).slice(-KEPT_OUTPUT);
      });
    }
  }

  /** `ip`, `prlimit` and `taskset` replace themselves with the program, so this is the program's own. */
  get pid() {
    return this.#child.pid;
  }

  get hasEnded() {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** @throws Error with what it printed */
  assertRunning() {
    if (this.hasEnded)
      throw new Error(`${this.#label} ended by itself: ${this.#output.trim() || "no output"}`);
  }

  /** Sends a message over IPC and answers the next one that comes back; rejects with what the script threw. */
  async ask(message) {
    this.assertRunning();
    const answer = once(this.#child, "message").then(([value]) => value);
    this.#child.send(message);
    const value = await Promise.race([answer, this.#ended.then(() => this.assertRunning())]);
    if (value.error !== undefined) throw new Error(value.error);
    return value;
  }

  async stop() {
    if (this.hasEnded) return;
    this.#child.kill("SIGTERM");
    await Promise.race([this.#ended, sleep(STOP_MS, undefined, { ref: false })]);
    if (!this.hasEnded) this.#child.kill("SIGKILL");
    await this.#ended;
  }
}

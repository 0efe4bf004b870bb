/**
 * The old process's side of an upgrade: starts the program anew on the same listener sockets, and gives requests over to it
 * once it is ready. Until then, and whenever that fails, this process goes on as before.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { SluiceError } from "../core/errors.js";
import type { Handover, HandoverSocket } from "../handover.js";
import { HANDOVER, type StartedBalancer } from "../started-balancer.js";
import {
  BINDINGS_AT_ONCE,
  type FromSuccessor,
  type ToSuccessor,
  UPGRADE_ADMIN_VARIABLE,
  UPGRADE_VARIABLE,
} from "./upgrade-messages.js";

/** How long the new process may take to start: a busy machine takes its time, and meanwhile this process serves. */
const READY_WITHIN_MS = 60_000;
/** And then to begin to receive: meanwhile requests wait in the sockets, which hold only so many. */
const RECEIVING_WITHIN_MS = 10_000;
/** Standard streams and the channel come before the sockets. */
const FIRST_SOCKET_FD = 4;
/** What a service manager said to this process alone. */
const OWN_VARIABLES = ["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "WATCHDOG_PID"];

export interface UpgradeOptions {
  readonly env: NodeJS.ProcessEnv;
  /** Program and arguments for Node. Default: this process's own. */
  readonly command?: readonly string[];
  /** Default 60 s. */
  readonly readyWithinMs?: number;
  /** Default 10 s. */
  readonly receivingWithinMs?: number;
  /** Ends the attempt, and the new process with it. */
  readonly signal: AbortSignal;
}

/**
 * Resolves with the new process's id once that receives all requests; this balancer then has only replies to deliver.
 * @throws SluiceError when the new process did not get that far; it is gone then, and this one receives as before
 */
export async function upgrade(balancer: StartedBalancer, options: UpgradeOptions): Promise<number> {
  if (process.pid === 1) {
    throw failure("this is process 1: when it ends, everything ends");
  }
  const successor = new Successor(balancer[HANDOVER], options);
  try {
    await successor.next("ready");
    await giveOver(balancer, successor);
    balancer[HANDOVER].leave();
    successor.release(() => balancer[HANDOVER].makeRoom());
    return successor.pid;
  } catch (error) {
    await successor.kill();
    throw error;
  }
}

async function giveOver(balancer: StartedBalancer, successor: Successor): Promise<void> {
  const handover = balancer[HANDOVER];
  const bindings = await handover.stopReceiving();
  try {
    for (let at = 0; at < bindings.length; at += BINDINGS_AT_ONCE) {
      successor.send({ type: "bindings", bindings: bindings.slice(at, at + BINDINGS_AT_ONCE) });
    }
    successor.send({ type: "receive" });
    await successor.next("receiving");
  } catch (error) {
    // Two must not receive: the other one first.
    await successor.kill();
    await handover.receive([]);
    throw error;
  }
}

/** The new process, as far as this one has to do with it. */
class Successor {
  readonly #child: ChildProcess;
  readonly #options: UpgradeOptions;
  readonly #received = new Set<FromSuccessor["type"]>();
  readonly #ended: Promise<string>;
  #wake: () => void = () => {};

  constructor(handover: Pick<Handover, "sockets" | "adminSockets">, options: UpgradeOptions) {
    this.#options = options;
    const sockets = handover.sockets();
    const admin = [...handover.adminSockets()];
    const fds = [...sockets.flatMap((socket) => socket.fds), ...admin.map(([, fd]) => fd)];
    const { command = process.argv.slice(1) } = options;
    this.#child = spawn(process.execPath, [...process.execArgv, ...command], {
      stdio: ["inherit", "inherit", "inherit", "ipc", ...fds],
      env: createEnvironment(
        options.env,
        sockets,
        admin.map(([address]) => address),
      ),
    });
    this.#child.on("message", (message: FromSuccessor) => {
      this.#received.add(message.type);
      this.#wake();
    });
    this.#ended = new Promise((resolve) => {
      this.#child.on("error", (error) => resolve(error.message));
      this.#child.on("exit", (code, signal) =>
        resolve(signal ? `ended by ${signal}` : `ended with code ${code}`),
      );
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  send(message: ToSuccessor): void {
    this.#child.send(message, () => {});
  }

  /** Waits for a message. @throws SluiceError when the process ends first, takes too long, or the attempt is ended */
  async next(type: FromSuccessor["type"]): Promise<void> {
    const {
      readyWithinMs = READY_WITHIN_MS,
      receivingWithinMs = RECEIVING_WITHIN_MS,
      signal,
    } = this.#options;
    const withinMs = type === "ready" ? readyWithinMs : receivingWithinMs;
    const came = new Promise<undefined>((resolve) => {
      this.#wake = () => this.#received.has(type) && resolve(undefined);
      this.#wake();
    });
    let timer: NodeJS.Timeout | undefined;
    let stop = (): void => {};
    const late = new Promise<string>((resolve) => {
      timer = setTimeout(() => resolve(`not ${type} within ${withinMs} ms`), withinMs);
      stop = () => resolve("this process stops");
      if (signal.aborted) stop();
      signal.addEventListener("abort", stop);
    });
    const problem = await Promise.race([came, this.#ended, late]);
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
    if (problem !== undefined) throw failure(`the new process: ${problem}`);
  }

  /** It goes on without this process, which it may ask for ports that rest here. */
  release(makeRoom: () => void): void {
    this.#child.on("message", ({ type }: FromSuccessor) => {
      if (type === "make-room") makeRoom();
    });
    this.#child.unref();
    this.#child.channel?.unref();
  }

  async kill(): Promise<void> {
    if (this.#child.pid !== undefined) this.#child.kill("SIGKILL");
    await this.#ended;
  }
}

/** @param admin addresses of the admin API, whose descriptors come after those of the listeners */
function createEnvironment(
  env: NodeJS.ProcessEnv,
  sockets: readonly HandoverSocket[],
  admin: readonly string[],
): NodeJS.ProcessEnv {
  const theirs = { ...env };
  for (const name of OWN_VARIABLES) delete theirs[name];
  let next = FIRST_SOCKET_FD;
  const renumbered = sockets.map((socket) => ({ ...socket, fds: socket.fds.map(() => next++) }));
  const adminFds = admin.map((address) => [address, next++]);
  return {
    ...theirs,
    [UPGRADE_VARIABLE]: JSON.stringify(renumbered),
    [UPGRADE_ADMIN_VARIABLE]: JSON.stringify(adminFds),
  };
}

function failure(why: string): SluiceError {
  return new SluiceError("UPGRADE_FAILED", `cannot upgrade: ${why}`);
}

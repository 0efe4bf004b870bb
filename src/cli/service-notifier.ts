/**
 * What the service manager is told, by the protocol of sd_notify(3): ready, reloading, stopping, alive. Without
 * NOTIFY_SOCKET nobody is told anything, and nothing is loaded for it.
 */
import type { Logger } from "./logger.js";

export interface ServiceNotifier {
  /** Serving; `status` is a line for people, which `systemctl status` shows. */
  ready(status: string): void;
  /** A reload begins; `ready` ends it, whatever came of it. */
  reloading(): void;
  stopping(): void;
  /** Another process goes on in this one's place. */
  replacedBy(pid: number): void;
  close(): void;
}

/** False when the manager has not taken in earlier messages yet: its socket holds only so many, 10 by default. */
type Send = (lines: string) => boolean;

const RETRY_MS = 50;

/** @param env NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID */
export async function createServiceNotifier(env: NodeJS.ProcessEnv, log: Logger): Promise<ServiceNotifier> {
  const path = env.NOTIFY_SOCKET;
  if (path === undefined || path === "")
    return createNotifier(
      () => true,
      undefined,
      () => {},
    );
  try {
    const [{ loadLibc }, { openNotifySocket }, { SyscallError }] = await Promise.all([
      import("../linux/libc.js"),
      import("../linux/notify-socket.js"),
      import("../linux/syscall-error.js"),
    ]);
    const socket = openNotifySocket(loadLibc(), path);
    const send: Send = (lines) => {
      try {
        socket.send(lines);
      } catch (error) {
        if (error instanceof SyscallError && error.errnoName === "EAGAIN") return false;
        log.debug({ reason: reasonOf(error) }, "the service manager could not be told");
      }
      return true;
    };
    return createNotifier(send, watchdogIntervalMs(env), () => socket.close());
  } catch (error) {
    log.debug({ reason: reasonOf(error) }, "the service manager is not told anything");
    return createNotifier(
      () => true,
      undefined,
      () => {},
    );
  }
}

/** Half of what the manager waits for a sign of life; undefined when it waits for none of ours. */
export function watchdogIntervalMs(env: NodeJS.ProcessEnv, pid: number = process.pid): number | undefined {
  const { WATCHDOG_USEC: usec = "", WATCHDOG_PID: forPid = "" } = env;
  if (!/^[1-9]\d{0,15}$/.test(usec) || (forPid !== "" && forPid !== String(pid))) return undefined;
  return Math.max(1, Math.floor(Number(usec) / 2000));
}

function createNotifier(send: Send, watchdogMs: number | undefined, close: () => void): ServiceNotifier {
  // A change of state is told in its turn, however late. A sign of life is not: the next one is as good.
  const waiting: string[] = [];
  let retry: NodeJS.Timeout | undefined;
  const flush = (): void => {
    while (waiting.length > 0 && send(waiting[0])) waiting.shift();
    clearTimeout(retry);
    retry = waiting.length > 0 ? setTimeout(flush, RETRY_MS).unref() : undefined;
  };
  const tell = (lines: string): void => {
    waiting.push(lines);
    flush();
  };
  const live = () => void (waiting.length === 0 && send("WATCHDOG=1"));
  const watchdog = watchdogMs === undefined ? undefined : setInterval(live, watchdogMs);
  watchdog?.unref();
  return {
    ready: (status) => tell(`READY=1\nSTATUS=${status}`),
    // The clock is CLOCK_MONOTONIC, by which the manager tells this reload from an earlier one.
    reloading: () =>
      tell(`RELOADING=1\nMONOTONIC_USEC=${process.hrtime.bigint() / 1000n}\nSTATUS=reloading the config`),
    stopping: () => tell("STOPPING=1\nSTATUS=stopping"),
    replacedBy(pid) {
      // The other process is watched from now on.
      clearInterval(watchdog);
      tell(`MAINPID=${pid}\nREADY=1`);
    },
    close() {
      clearInterval(watchdog);
      flush();
      clearTimeout(retry);
      close();
    },
  };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * What process 1 owes to orphans: it waits for them once they are dead, so that no zombies gather. Node.js waits only for what it
 * has started itself, and at once; so whoever is dead at two looks in a row is an orphan, and nobody's exit status is taken away.
 */
import { readdirSync, readFileSync } from "node:fs";
import type { Cancel, Clock } from "../core/clock.js";

const LOOK_EVERY_MS = 2_000;

export interface ReaperOptions {
  readonly clock: Pick<Clock, "every">;
  readonly warn: (message: string) => void;
  /** Default: this process. */
  readonly pid?: number;
  /** Where procfs is. */
  readonly proc?: string;
  /** Waits for one that is dead. Default: waitpid(2). @throws NotSupportedError */
  readonly wait?: (pid: number) => void | Promise<void>;
}

/** Does nothing in a process that is not the first of its namespace. @returns to be called to end it */
export function startReaping(options: ReaperOptions): Cancel {
  const { clock, warn, pid = process.pid, proc = "/proc", wait = waitForDead } = options;
  if (pid !== 1 || process.platform !== "linux") return () => {};
  let before = new Set<string>();
  const end = clock.every(LOOK_EVERY_MS, async () => {
    const dead = findDead(proc);
    const orphans = [...dead].filter(([id]) => before.has(id));
    before = new Set(dead.keys());
    try {
      for (const [, orphan] of orphans) await wait(orphan);
    } catch (error) {
      end();
      warn(`dead orphans are not waited for: ${(error as Error).message}; start the container with an init`);
    }
  });
  return end;
}

/** Dead children of process 1 by number and time of start: numbers are used again. */
function findDead(proc: string): Map<string, number> {
  const dead = new Map<string, number>();
  for (const name of list(proc)) {
    if (!/^\d+$/.test(name)) continue;
    // proc_pid_stat(5): the name, in parentheses, may have anything in it.
    const fields = read(`${proc}/${name}/stat`).split(") ").at(-1)?.split(" ") ?? [];
    const [state, parent] = fields;
    if (state === "Z" && parent === "1") dead.set(`${name} ${fields[19]}`, Number(name));
  }
  return dead;
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Nothing where the process is gone. */
function read(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return "";
  }
}

/** Loaded at the first orphan, once: a binding is never freed. */
let reap: ((pid: number) => void) | undefined;

async function waitForDead(pid: number): Promise<void> {
  reap ??= await loadReap();
  reap(pid);
}

async function loadReap(): Promise<(pid: number) => void> {
  const [{ loadLibc }, { WNOHANG }] = await Promise.all([
    import("../linux/libc.js"),
    import("../linux/constants.js"),
  ]);
  const libc = loadLibc();
  return (pid) => void libc.waitpid(pid, null, WNOHANG);
}

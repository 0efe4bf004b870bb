/**
 * Tells when a file may have changed, however it is written: in place, replaced by rename, or by a symbolic link to
 * another folder, as Kubernetes does. The folder is watched, because a watch of the file itself would follow the old
 * one; where the system has no watches to give, or sends none over a network, a slow look at the file has to do.
 */
import { type FSWatcher, watch } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import type { Clock } from "../core/clock.js";

/** A file that is written in pieces is looked at once, after its first change. */
const DEBOUNCE_MS = 50;
/** How late a change is noticed that nobody told of. */
const POLL_MS = 5_000;

export interface FileWatch {
  close(): void;
}

/** `onChange` is called after changes, and perhaps without one. It may be called while an earlier call still works. */
export function watchFile(file: string, onChange: () => void, clock: Clock): FileWatch {
  return new Watching(file, onChange, clock);
}

class Watching implements FileWatch {
  readonly #file: string;
  readonly #onChange: () => void;
  readonly #clock: Clock;
  #watcher: FSWatcher | undefined;
  /** What was last known of the file and of the folder that is watched. */
  #seen: Promise<string>;
  #folder: Promise<string>;
  #cancelPoll: () => void = () => {};
  #cancelTell: (() => void) | undefined;
  #isClosed = false;

  constructor(file: string, onChange: () => void, clock: Clock) {
    this.#file = file;
    this.#onChange = onChange;
    this.#clock = clock;
    this.#seen = describeFile(file);
    this.#folder = identify(dirname(file));
    this.#watchFolder();
    this.#pollLater();
  }

  close(): void {
    this.#isClosed = true;
    this.#watcher?.close();
    this.#cancelPoll();
    this.#cancelTell?.();
  }

  #watchFolder(): void {
    try {
      this.#watcher = watch(dirname(this.#file), { persistent: false });
    } catch {
      return; // No folder, or no watches left: the poll finds out, and tries again.
    }
    const watcher = this.#watcher;
    const name = basename(this.#file);
    // Names with two dots are those of the links that Kubernetes replaces.
    watcher.on("change", (_, changed) => {
      if (changed === null || String(changed) === name || String(changed).startsWith("..")) this.#tellLater();
    });
    watcher.on("error", () => watcher.close());
  }

  #tellLater(): void {
    if (this.#isClosed) return;
    this.#cancelTell ??= this.#clock.after(DEBOUNCE_MS, () => {
      this.#cancelTell = undefined;
      this.#seen = describeFile(this.#file);
      this.#onChange();
    });
  }

  #pollLater(): void {
    this.#cancelPoll = this.#clock.after(POLL_MS, () => void this.#poll());
  }

  async #poll(): Promise<void> {
    const folder = await identify(dirname(this.#file));
    const seen = await describeFile(this.#file);
    const [formerFolder, formerSeen] = [await this.#folder, await this.#seen];
    if (this.#isClosed) return;
    if (folder !== formerFolder || this.#watcher === undefined) {
      this.#watcher?.close();
      this.#watcher = undefined;
      this.#folder = Promise.resolve(folder);
      this.#watchFolder();
    }
    if (seen !== formerSeen) this.#tellLater();
    this.#pollLater();
  }
}

/** Equal as long as the file is, as far as can be told without reading it. */
async function describeFile(file: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join();
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  }
}

async function identify(folder: string): Promise<string> {
  try {
    const { dev, ino } = await stat(folder, { bigint: true });
    return [dev, ino].join();
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  }
}

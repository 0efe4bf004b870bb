/**
 * Lines appended to a file, one write at a time, while further ones gather. A write that fails (disk full) loses what it had
 * left; the next begins on a line of its own. A file that cannot be opened is tried again every second, and what was open before it is
 * written to until then.
 */
import { type FileHandle, lstat, open } from "node:fs/promises";
import { type LineSink, MOST_WAITING_BYTES } from "./line-sink.js";

const RETRY_MS = 1000;
/** Readable to the group, as logs are. */
const MODE = 0o640;
const LINE_BREAK = 0x0a;

/** @param isKept nothing is lost, for the file that was open before goes on */
export type FileFailure = (reason: string, isKept?: boolean) => void;

export class LineFile implements LineSink {
  lines = 0;
  dropped = 0;
  waiting = 0;
  readonly closed: Promise<void>;
  readonly #path: string;
  readonly #failed: FileFailure;
  /** Whether the file was not there before. */
  #isMade = false;
  #running = Promise.resolve();
  #handle: FileHandle | undefined;
  #gathered: string[] = [];
  #gatheredBytes = 0;
  #isBusy = false;
  #isClosed = false;
  #wantsReopen = false;
  #retryAtMs = 0;
  /** Whether the file ends in the middle of a line. */
  #isTorn = false;
  #resolveClosed: () => void = () => {};

  /** @param failed may be called for each loss */
  constructor(path: string, failed: FileFailure) {
    this.#path = path;
    this.#failed = failed;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.#start();
  }

  write(lines: readonly string[]): void {
    const bytes = lines.reduce((sum, line) => sum + line.length, 0);
    if (this.#gatheredBytes + bytes > MOST_WAITING_BYTES) {
      this.#lose(lines.length, "more than 8 MiB wait to be written");
      return;
    }
    this.#gathered.push(...lines);
    this.#gatheredBytes += bytes;
    this.waiting += lines.length;
    this.#start();
  }

  reopen(): void {
    this.#wantsReopen = true;
    this.#retryAtMs = 0;
    this.#start();
  }

  /**
   * The file is another user's from now on, if this process has made it: a file that was there may be anything, by a link.
   * @throws the system's error
   */
  async giveTo(uid: number, gid: number): Promise<void> {
    const there = await lstat(this.#path).catch(() => undefined);
    // A pipe may be open only when somebody reads it.
    if (there !== undefined && !there.isFile()) return;
    await this.#running;
    if (this.#isMade) await this.#handle?.chown(uid, gid);
  }

  close(): void {
    this.#isClosed = true;
    this.#start();
  }

  /** One at a time. */
  #start(): void {
    if (!this.#isBusy) this.#running = this.#run();
  }

  /** Goes on until there is nothing to do. */
  async #run(): Promise<void> {
    this.#isBusy = true;
    do {
      await this.#open();
      if (!this.#isReopenDue()) await this.#flush();
    } while (this.#gathered.length > 0 || this.#isReopenDue());
    if (this.#isClosed) {
      await this.#closeHandle();
      this.#resolveClosed();
    }
    this.#isBusy = false;
  }

  async #open(): Promise<void> {
    if (performance.now() < this.#retryAtMs) return;
    if (this.#handle !== undefined && !this.#wantsReopen) return;
    this.#wantsReopen = false;
    try {
      const { handle, isMade } = await openToAppend(this.#path);
      await this.#closeHandle();
      this.#handle = handle;
      this.#isMade = isMade;
      this.#isTorn = false;
    } catch (error) {
      this.#retryAtMs = performance.now() + RETRY_MS;
      const isKept = this.#handle !== undefined;
      this.#wantsReopen ||= isKept;
      this.#failed((error as Error).message, isKept);
    }
  }

  #isReopenDue(): boolean {
    return this.#wantsReopen && performance.now() >= this.#retryAtMs;
  }

  /** Writes what has gathered. */
  async #flush(): Promise<void> {
    const lines = this.#gathered;
    if (lines.length === 0) return;
    this.#gathered = [];
    this.#gatheredBytes = 0;
    if (this.#handle === undefined) {
      this.waiting -= lines.length;
      this.#lose(lines.length, "it cannot be opened");
      return;
    }
    const bytes = Buffer.from(this.#isTorn ? `\n${lines.join("")}` : lines.join(""));
    const written = await this.#append(this.#handle, bytes);
    const whole = written === bytes.length ? lines.length : countLines(bytes, written, this.#isTorn);
    if (written > 0) this.#isTorn = bytes[written - 1] !== LINE_BREAK;
    this.waiting -= lines.length;
    this.lines += whole;
    this.dropped += lines.length - whole;
  }

  /** How many bytes were written before it failed. */
  async #append(handle: FileHandle, bytes: Buffer): Promise<number> {
    let at = 0;
    try {
      while (at < bytes.length) at += (await handle.write(bytes, at)).bytesWritten;
    } catch (error) {
      this.#failed((error as Error).message);
    }
    return at;
  }

  async #closeHandle(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    try {
      await handle?.close();
    } catch (error) {
      this.#failed((error as Error).message);
    }
  }

  #lose(lines: number, reason: string): void {
    this.dropped += lines;
    this.#failed(reason);
  }
}

async function openToAppend(path: string): Promise<{ handle: FileHandle; isMade: boolean }> {
  try {
    return { handle: await open(path, "ax", MODE), isMade: true };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return { handle: await open(path, "a", MODE), isMade: false };
  }
}

/** Lines that end within the first bytes; the one that only ends a torn line is none. */
function countLines(bytes: Buffer, end: number, isTorn: boolean): number {
  let count = 0;
  for (let i = isTorn ? 1 : 0; i < end; i++) if (bytes[i] === LINE_BREAK) count++;
  return count;
}

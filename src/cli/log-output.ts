/**
 * Where log lines go: a descriptor, written at once and in this thread, so that the last line before an exit is not lost. A line that
 * cannot be written (a full disk, a reader that is gone or does not read) is dropped: traffic is worth more. The next line that can be
 * says how many were.
 */
import { writeSync } from "node:fs";

/** A reader that is merely slow gets so many chances, one each millisecond. */
const TRIES = 20;

export interface LineOutput {
  write(line: string): void;
}

/** @param createNote a line that says how many were lost and why */
export function createLineOutput(
  fd: number,
  createNote: (lost: number, reason: string) => string,
  write: (fd: number, bytes: Uint8Array) => number = writeSync,
): LineOutput {
  let lost = 0;
  let reason = "";
  return {
    write(line) {
      try {
        if (lost > 0) {
          writeAll(fd, Buffer.from(createNote(lost, reason)), write);
          lost = 0;
        }
        writeAll(fd, Buffer.from(line), write);
      } catch (error) {
        lost++;
        reason = (error as NodeJS.ErrnoException).code ?? String(error);
      }
    },
  };
}

/** @throws what `write` throws */
function writeAll(fd: number, line: Buffer, write: (fd: number, bytes: Uint8Array) => number): void {
  for (let rest = line, tries = 1; rest.length > 0; ) {
    try {
      rest = rest.subarray(write(fd, rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN" || ++tries > TRIES) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

/**
 * Listening sockets of the admin side that the process before has passed on. They are used only once it has let go of the requests:
 * until then it answers alone.
 */
import { closeSync, unlinkSync } from "node:fs";
import { inodeOfSocket } from "./listen.js";

const UNIX = "unix:";

export class InheritedDoors {
  readonly #fds: Map<string, number>;
  #areOurs = false;

  /** @param fds by the address as the config writes it */
  constructor(fds: ReadonlyMap<string, number> = new Map()) {
    this.#fds = new Map(fds);
  }

  /** Whether the process before still has it to itself. */
  isWithheld(address: string): boolean {
    return !this.#areOurs && this.#fds.has(address);
  }

  /** From now on they may be taken. */
  release(): void {
    this.#areOurs = true;
  }

  /** The descriptor, which from now on belongs to the caller. Undefined also where the name of a Unix socket is gone. */
  take(address: string): number | undefined {
    const fd = this.#fds.get(address);
    if (!this.#areOurs || fd === undefined) return undefined;
    this.#fds.delete(address);
    if (!address.startsWith(UNIX) || inodeOfSocket(address.slice(UNIX.length)) !== undefined) return fd;
    closeSync(fd);
    return undefined;
  }

  /** The config does not want these: nobody else can have their addresses while they are open. */
  closeRest(): void {
    for (const [address, fd] of this.#fds) {
      closeSync(fd);
      if (address.startsWith(UNIX)) removeName(address.slice(UNIX.length));
    }
    this.#fds.clear();
  }
}

function removeName(path: string): void {
  try {
    if (inodeOfSocket(path) !== undefined) unlinkSync(path);
  } catch {
    // This user may not: it stays as a name where nobody answers.
  }
}

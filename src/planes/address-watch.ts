/**
 * Address watch: looks every second which addresses this machine has, and tells when some have come or gone. A flow socket
 * keeps its source address for ever, so it must be replaced once that is gone; an interface that was made again has another
 * number, so zones must be resolved anew. `os.networkInterfaces()` leaves out interfaces without a carrier: what it no longer
 * lists counts as gone only when the kernel does not have it either.
 */
import { readFileSync } from "node:fs";
import { type NetworkInterfaceInfo, networkInterfaces } from "node:os";
import { MAPPED_WORD, writeIpWords } from "../core/ip-words.js";

/** An address of this machine. */
export interface LocalAddress {
  /** Without zone. */
  readonly text: string;
  readonly words: Uint32Array;
  /** Name and number of its interface where it is link-local, else "" and 0. */
  readonly zone: string;
  readonly scope: number;
}

export interface AddressWatchOptions {
  /** Addresses have come, or these have gone, or both. */
  readonly onChange: (gone: readonly LocalAddress[]) => void;
  readonly read?: () => Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;
  /** Whether the kernel still has an address that `read` does not list any more. */
  readonly isStillThere?: (address: LocalAddress) => boolean;
}

const LOOK_EVERY_MS = 1000;

export class AddressWatch {
  readonly #options: AddressWatchOptions;
  readonly #timer: NodeJS.Timeout;
  #known: ReadonlyMap<string, LocalAddress>;

  constructor(options: AddressWatchOptions) {
    this.#options = options;
    this.#known = this.#read();
    this.#timer = setInterval(() => this.look(), LOOK_EVERY_MS);
    this.#timer.unref();
  }

  look(): void {
    const { onChange, isStillThere = kernelHas } = this.#options;
    const before = this.#known;
    const now = this.#read();
    const gone: LocalAddress[] = [];
    for (const [key, address] of before) {
      if (now.has(key)) continue;
      if (isStillThere(address)) now.set(key, address);
      else gone.push(address);
    }
    this.#known = now;
    const hasNew = [...now.keys()].some((key) => !before.has(key));
    if (gone.length > 0 || hasNew) onChange(gone);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #read(): Map<string, LocalAddress> {
    const { read = readInterfaces } = this.#options;
    const found = new Map<string, LocalAddress>();
    for (const [name, addresses] of Object.entries(read())) {
      for (const { address, scopeid } of addresses ?? []) {
        const text = address.split("%")[0];
        const words = new Uint32Array(4);
        if (!writeIpWords(text, words, 0)) continue;
        const [zone, scope] = scopeid ? [name, scopeid] : ["", 0];
        found.set(`${text}%${zone}#${scope}`, { text, words, zone, scope });
      }
    }
    return found;
  }
}

/** Nothing where the system does not tell. */
function readInterfaces(): ReturnType<typeof networkInterfaces> {
  try {
    return networkInterfaces();
  } catch {
    return {};
  }
}

/** By the tables of proc_net(5); false where there are none. */
function kernelHas({ text, words, scope }: LocalAddress): boolean {
  if (words[2] === MAPPED_WORD && words[0] === 0 && words[1] === 0)
    return new RegExp(`-- ${text.replaceAll(".", "\\.")}\n +/32 host LOCAL`).test(readTable("fib_trie"));
  const hex = [...words].map((word) => word.toString(16).padStart(8, "0")).join("");
  return readTable("if_inet6")
    .split("\n")
    .some(
      (line) => line.startsWith(hex) && (scope === 0 || Number.parseInt(line.split(" ")[1], 16) === scope),
    );
}

function readTable(name: string): string {
  try {
    return readFileSync(`/proc/self/net/${name}`, "latin1");
  } catch {
    return "";
  }
}

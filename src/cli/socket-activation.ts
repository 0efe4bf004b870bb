/**
 * Sockets from a service manager, by the protocol of sd_listen_fds(3): descriptors from 3 on, counted by LISTEN_FDS. What
 * each is bound to is read from /proc, so that it needs no FFI.
 */
import { readFileSync, readlinkSync } from "node:fs";
import { type Endpoint, formatEndpoint, ipOfWords } from "../core/address.js";
import { MAPPED_WORD } from "../core/ip-words.js";
import type { Logger } from "./logger.js";

const FIRST_FD = 3;
const MOST_FDS = 1024;
const UNCONNECTED = /^0+:0+$/;

export interface ActivatedSocket {
  readonly fd: number;
  /** As the manager calls it: LISTEN_FDNAMES. */
  readonly name: string;
  /** As `formatEndpoint` writes it; undefined when it is no unconnected UDP socket. */
  readonly address: string | undefined;
}

/**
 * The sockets that were passed to this process; none where LISTEN_PID names another.
 * @param env LISTEN_FDS, LISTEN_PID, LISTEN_FDNAMES
 * @param proc where procfs shows this process
 */
export function findActivatedSockets(
  env: NodeJS.ProcessEnv,
  pid: number = process.pid,
  proc = "/proc/self",
): ActivatedSocket[] {
  const { LISTEN_FDS: count = "", LISTEN_PID: forPid = String(pid), LISTEN_FDNAMES: names = "" } = env;
  if (!/^[1-9]\d{0,3}$/.test(count) || forPid !== String(pid)) return [];
  const bound = readBoundSockets(proc);
  return Array.from({ length: Math.min(Number(count), MOST_FDS) }, (_, index) => {
    const fd = FIRST_FD + index;
    return { fd, name: names.split(":")[index] || "unknown", address: bound.get(inodeOf(fd, proc)) };
  });
}

/** Pairs for `InheritedSockets`; what cannot be used is logged. */
export function listInherited(sockets: readonly ActivatedSocket[], log: Logger): [string, number][] {
  return sockets.flatMap(({ fd, name, address }): [string, number][] => {
    if (address !== undefined) return [[address, fd]];
    log.warn({ fd, name }, "passed descriptor is not a bound UDP socket: it is left alone");
    return [];
  });
}

function inodeOf(fd: number, proc: string): string {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(`${proc}/fd/${fd}`))?.[1] ?? "";
  } catch {
    return "";
  }
}

/** Socket inode → bound address, from the tables of proc_net(5). */
function readBoundSockets(proc: string): Map<string, string> {
  const bound = new Map<string, string>();
  for (const [table, family] of [
    ["udp", 4],
    ["udp6", 6],
  ] as const) {
    for (const line of readLines(`${proc}/net/${table}`)) {
      const [, local = "", remote = "", , , , , , , inode = ""] = line.trim().split(/\s+/);
      const endpoint = UNCONNECTED.test(remote) ? parseProcAddress(local, family) : undefined;
      if (endpoint !== undefined) bound.set(inode, formatEndpoint(endpoint));
    }
  }
  return bound;
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, "latin1").split("\n").slice(1);
  } catch {
    return [];
  }
}

/** `0100007F:0035`: each word of the address in the processor's byte order, here always little-endian. */
function parseProcAddress(text: string, family: 4 | 6): Endpoint | undefined {
  const [address = "", port = ""] = text.split(":");
  if (address.length !== (family === 4 ? 8 : 32) || Number.parseInt(port, 16) === 0) return undefined;
  const read = address.match(/.{8}/g)?.map((word) => Buffer.from(word, "hex").readUInt32LE()) ?? [];
  const words = family === 4 ? [0, 0, MAPPED_WORD, ...read] : read;
  return { ip: ipOfWords(Uint32Array.from(words)), port: Number.parseInt(port, 16) };
}

/**
 * Opening an address for an HTTP server: TCP or a Unix socket, which may have been left behind by a process that is gone, or a
 * listening socket that the process before has passed on.
 */
import { randomBytes } from "node:crypto";
import { chmodSync, lstatSync, renameSync, unlinkSync } from "node:fs";
import { connect, type Server } from "node:net";
import { dirname, join } from "node:path";
import type { AdminAddress } from "../config/admin-config.js";
import { formatIp } from "../core/address.js";
import { ListenError } from "../core/errors.js";

/** Owner and group may connect. */
const SOCKET_MODE = 0o660;
/** sockaddr_un less the byte that ends it (unix(7)). */
const MAX_PATH_BYTES = 107;

/**
 * @param fd of a socket that listens at the address already
 * @throws ListenError, whose `cause` is the system's error
 */
export async function listen(server: Server, address: AdminAddress, fd?: number): Promise<void> {
  try {
    if (fd !== undefined) return await start(server, () => server.listen({ fd }));
    if (address.kind === "unix") return await listenAtPath(server, address.path);
    const { ip, port } = address.address;
    await start(server, () => server.listen({ host: formatIp(ip), port, ipv6Only: ip.family === 6 }));
  } catch (cause) {
    const why = describe((cause as NodeJS.ErrnoException).code ?? String(cause), address);
    throw new ListenError(address.text, `admin ${address.text}: cannot be opened: ${why}`, { cause });
  }
}

function describe(code: string, address: AdminAddress): string {
  if (code === "EADDRINUSE") return "another process has it";
  if (code !== "EACCES" && code !== "EPERM") return code;
  return address.kind === "unix"
    ? `${code}: this process's user may not write the folder ${dirname(address.path)}`
    : `${code}: this process's user may not open ports below 1024`;
}

function start(server: Server, open: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.once("listening", () => {
      server.off("error", reject);
      resolve();
    });
    open();
  });
}

/**
 * The socket is made under another name: what closes it later removes that name and not the address, which a process that it was passed
 * on to may have. And nobody sees it before it has its mode.
 */
async function listenAtPath(server: Server, path: string): Promise<void> {
  await removeStale(path);
  const name = join(dirname(path), `.${randomBytes(6).toString("hex")}`);
  const isShort = Buffer.byteLength(name) <= MAX_PATH_BYTES;
  await start(server, () => {
    server.listen(isShort ? name : path);
    // The socket is there already, and nothing has been accepted yet.
    if (!server.listening) return;
    chmodSync(isShort ? name : path, SOCKET_MODE);
    if (isShort) renameSync(name, path);
  });
}

/** A socket where nobody answers is removed; where there is anything else the address cannot be opened. */
async function removeStale(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket() || (await answers(path))) {
    throw Object.assign(new Error(`${path} is there`), { code: "EADDRINUSE" });
  }
  unlinkSync(path);
}

/** Removes the name of a Unix socket, unless that is another one by now, or this process may not. */
export function removeSocket(path: string, inode: number | undefined): void {
  try {
    if (inode !== undefined && inode === inodeOfSocket(path)) unlinkSync(path);
  } catch {
    // The next process that opens the address finds it stale, and removes it.
  }
}

/** Undefined where there is no socket of that name. */
export function inodeOfSocket(path: string): number | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isSocket() ? found.ino : undefined;
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNREFUSED" || error.code === "ENOENT") resolve(false);
      else reject(error);
    });
  });
}

/** Opening an address for an HTTP server: TCP or a Unix socket, which may have been left behind by a process that is gone. */
import { chmodSync, lstatSync, unlinkSync } from "node:fs";
import type { Server } from "node:net";
import { connect } from "node:net";
import type { AdminAddress } from "../config/admin-config.js";
import { formatIp } from "../core/address.js";
import { ListenError } from "../core/errors.js";

/** Owner and group may connect. */
const SOCKET_MODE = 0o660;

/** @throws ListenError, whose `cause` is the system's error */
export async function listen(server: Server, address: AdminAddress): Promise<void> {
  try {
    if (address.kind === "unix") await removeStale(address.path);
    await bind(server, address);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    const why = code === "EADDRINUSE" ? "another process has it" : code;
    throw new ListenError(address.text, `admin ${address.text}: cannot be opened: ${why}`, { cause });
  }
}

function bind(server: Server, address: AdminAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    const opened = (): void => {
      server.off("error", reject);
      resolve();
    };
    if (address.kind === "tcp") {
      const { ip, port } = address.address;
      server.listen({ host: formatIp(ip), port, ipv6Only: ip.family === 6 }, opened);
      return;
    }
    server.listen(address.path, opened);
    // The socket is there already, and nothing has been accepted yet.
    if (server.listening) chmodSync(address.path, SOCKET_MODE);
  });
}

/** A socket where nobody answers is removed; other files stay, and then the address cannot be opened. */
async function removeStale(path: string): Promise<void> {
  if (!lstatSync(path, { throwIfNoEntry: false })?.isSocket()) return;
  if (!(await answers(path))) unlinkSync(path);
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

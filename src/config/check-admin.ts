/** Checks of `admin` that span several keys: who may reach it, and by what. */
import { resolve } from "node:path";
import { endpointEquals, isLoopback } from "../core/address.js";
import type { AdminAddress } from "./admin-config.js";
import type { Finding } from "./check-names.js";
import type { Config } from "./config.js";
import { quote } from "./key-path.js";
import type { SchemaOutput } from "./schema.js";

type ParsedAdmin = NonNullable<SchemaOutput["admin"]>;

/** The longest path that the system takes for a Unix socket: sockaddr_un less the byte that ends it (unix(7)). */
const MAX_SOCKET_PATH = 107;

/** Finds addresses that anybody could reach without a token, that are there twice, and paths that are too long. */
export function checkAdmin(admin: ParsedAdmin | undefined, folder: string): Finding[] {
  if (admin === undefined) return [];
  const { listen, token } = admin;
  const findings: Finding[] = [];
  for (const [i, address] of listen.entries()) {
    const path = listen.length === 1 ? ["admin", "listen"] : ["admin", "listen", i];
    const isTwice = listen.slice(0, i).some((other) => isSame(other, address));
    if (isTwice) findings.push({ path, message: `${quote(address.text)} is there already` });
    if (address.kind === "tcp" && token === undefined && !isLoopback(address.address.ip)) {
      const message = `missing, expected a token: ${address.text} is neither loopback nor a Unix socket`;
      findings.push({ path: ["admin", "token"], message });
    }
    if (address.kind !== "unix") continue;
    const bytes = Buffer.byteLength(resolve(folder, address.file));
    if (bytes > MAX_SOCKET_PATH) {
      const message = `found a path of ${bytes} bytes, expected at most ${MAX_SOCKET_PATH} for a Unix socket`;
      findings.push({ path, message });
    }
  }
  return findings;
}

/** Finds what is allowed but sends tokens in clear. */
export function findAdminWarnings({ admin }: Config): Finding[] {
  if (admin === undefined || admin.tls !== undefined) return [];
  const open = admin.listen.find(isReachable);
  if (open === undefined) return [];
  const message = `missing: on ${open.text} tokens and answers pass unencrypted`;
  return [{ path: ["admin", "tls"], message }];
}

function isReachable(address: AdminAddress): boolean {
  return address.kind === "tcp" && !isLoopback(address.address.ip);
}

function isSame(a: ParsedAdmin["listen"][number], b: ParsedAdmin["listen"][number]): boolean {
  if (a.kind === "unix") return b.kind === "unix" && a.file === b.file;
  return b.kind === "tcp" && a.address.port !== 0 && endpointEquals(a.address, b.address);
}

/** `sluice run --admin ADDRESS`: where the admin API answers, whatever the config file says of it. */
import { resolve } from "node:path";
import type { AdminAddress } from "../config/admin-config.js";
import type { Config } from "../config/config.js";
import { ConfigError } from "../config/config-error.js";
import { isLoopback, parseEndpoint } from "../core/address.js";
import { SluiceError } from "../core/errors.js";

const UNIX = "unix:";

/**
 * An IP address and port, or `unix:` and a path, which is relative to the working directory.
 * @throws SluiceError
 */
export function parseAdminFlag(text: string): AdminAddress {
  if (!text.startsWith(UNIX)) return { kind: "tcp", address: parseEndpoint(text), text };
  if (text === UNIX) throw new SluiceError("ADDRESS_INVALID", "expected a path after unix:");
  const path = resolve(text.slice(UNIX.length));
  return { kind: "unix", path, text: `${UNIX}${path}` };
}

/**
 * The file's `admin` with this address alone. The file was checked with its own addresses, this one is checked here.
 * @throws ConfigError when anybody could reach it without a token
 */
export function overrideAdmin(config: Config, address: AdminAddress): NonNullable<Config["admin"]> {
  const admin = config.admin ?? { hosts: [] };
  if (address.kind === "tcp" && !isLoopback(address.address.ip) && !("token" in admin && admin.token)) {
    const message = `${address.text} is neither loopback nor a Unix socket: expected a token in the config file, as admin.token`;
    const nowhere = { file: undefined, line: undefined, column: undefined };
    throw new ConfigError([{ ...nowhere, path: "--admin", message }]);
  }
  return Object.freeze({ ...admin, listen: Object.freeze([address]) });
}

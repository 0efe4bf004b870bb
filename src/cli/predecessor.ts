/** The new process's side of an upgrade: the sockets that it was started with, and the moment when it takes over. */

import type { NamedBinding } from "../handover.js";
import { HANDOVER, type StartedBalancer } from "../started-balancer.js";
import type { ConfigSource } from "./run-flags.js";
import {
  type FromSuccessor,
  parseAdminSockets,
  parseSockets,
  type ToSuccessor,
  UPGRADE_ADMIN_VARIABLE,
  UPGRADE_VARIABLE,
} from "./upgrade-messages.js";

export interface Predecessor {
  /** Bound addresses and descriptors. */
  readonly sockets: readonly (readonly [address: string, fd: number])[];
  /** Listening sockets of the admin API: addresses as the config writes them, and descriptors. */
  readonly adminSockets: ReadonlyMap<string, number>;
  /** The source, but where the config asks for any port a listener keeps the one that it had. */
  keepPorts(source: ConfigSource): ConfigSource;
  /** Lets the old process go and receives. Resolves once the balancer does; rejects when it is aborted before. */
  takeOver(balancer: StartedBalancer, signal: AbortSignal): Promise<void>;
}

/** Undefined where this process was started in the ordinary way. Takes its variables out of `env`. */
export function findPredecessor(env: NodeJS.ProcessEnv): Predecessor | undefined {
  const text = env[UPGRADE_VARIABLE];
  const adminText = env[UPGRADE_ADMIN_VARIABLE] ?? "[]";
  delete env[UPGRADE_VARIABLE];
  delete env[UPGRADE_ADMIN_VARIABLE];
  if (text === undefined || process.send === undefined) return undefined;
  const sockets = parseSockets(text);
  const ports = new Map(
    sockets.map(({ listener, address }) => [listener, Number(address.slice(address.lastIndexOf(":") + 1))]),
  );
  return {
    sockets: sockets.flatMap(({ address, fds }) => fds.map((fd) => [address, fd] as const)),
    adminSockets: parseAdminSockets(adminText),
    keepPorts: (source) => keepPorts(source, ports),
    takeOver,
  };
}

function keepPorts(source: ConfigSource, ports: ReadonlyMap<string, number>): ConfigSource {
  return {
    ...source,
    async load() {
      const { config, warnings } = await source.load();
      const listeners = config.listeners.map((listener) => {
        const { name, address } = listener;
        const port = address.port === 0 ? (ports.get(name) ?? 0) : address.port;
        return { ...listener, address: { ...address, port } };
      });
      return { config: { ...config, listeners }, warnings };
    },
  };
}

async function takeOver(balancer: StartedBalancer, signal: AbortSignal): Promise<void> {
  const bindings = await collectBindings(signal);
  signal.throwIfAborted();
  await balancer[HANDOVER].receive(bindings);
  tell({ type: "receiving" });
  process.channel?.unref();
  balancer.on("warning", ({ code }) => {
    if (code === "no_descriptor" && process.connected) tell({ type: "make-room" });
  });
}

/** What the old process sends until it receives no more. Where it is gone, so are its flows, and nobody receives. */
function collectBindings(signal: AbortSignal): Promise<NamedBinding[]> {
  return new Promise((resolve) => {
    const bindings: NamedBinding[] = [];
    const finish = (): void => {
      process.off("message", take);
      process.off("disconnect", finish);
      signal.removeEventListener("abort", finish);
      resolve(bindings);
    };
    const take = (message: ToSuccessor): void => {
      if (message.type === "bindings") bindings.push(...message.bindings);
      else finish();
    };
    process.on("message", take);
    process.on("disconnect", finish);
    signal.addEventListener("abort", finish);
    if (process.connected && !signal.aborted) tell({ type: "ready" });
    else finish();
  });
}

function tell(message: FromSuccessor): void {
  // The other end may go at any time; that it is gone is told by "disconnect".
  process.send?.(message, undefined, undefined, () => {});
}

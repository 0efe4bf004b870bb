/** What the admin side needs of the one who opens it. */
import type { Actor, Balancer, ReloadResult } from "../api.js";
import type { InheritedDoors } from "./inherited-doors.js";
import type { Environment } from "./secrets.js";

/**
 * A reload that only happens while a version of the config is in force; undefined for any.
 * @throws SluiceError with code `CONFIG_CHANGED` when it is no longer, and what `Balancer.reload` throws
 */
export type ReplaceConfig = (
  config: unknown,
  version: number | undefined,
  actor: Actor,
) => Promise<ReloadResult>;

export interface AdminHost {
  readonly balancer: Balancer;
  /** The balancer's events, for one who is no subscriber: warnings that are held for the first one stay held. */
  readonly events: Pick<Balancer, "on" | "off">;
  /** Of sluice. */
  readonly version: string;
  readonly env: Environment;
  readonly replaceConfig: ReplaceConfig;
  readonly warn: (code: string, message: string) => void;
  /** Reads the config file again and puts it in force; undefined where there is none. */
  readonly reloadFile: ((actor: Actor) => Promise<ReloadResult>) | undefined;
  /** Where the page is. Default: where the build puts it. */
  readonly pageFolder?: string | undefined;
  /** Listening sockets of the process before. */
  readonly inherited?: InheritedDoors | undefined;
  /** How long a request may take to arrive. Default 10 s. */
  readonly arrivalMs?: number | undefined;
}

/** A config that can be put in force, or left. One of both must be called. */
export interface Prepared {
  commit(): void;
  rollback(): Promise<void>;
}

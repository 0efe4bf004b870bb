/**
 * Putting other configs in force: those that somebody gives, what discovery finds, and backends that change their state. Each
 * in its turn; what fails leaves everything as it was.
 */
import type { EventEmitter } from "node:events";
import type { TellOperator } from "./actors.js";
import type { AdminLink } from "./admin-link.js";
import type { Actor, ReloadResult } from "./api.js";
import { type Config, type ConfigInput, isConfig } from "./config/config.js";
import { describeConfig, restoreSecrets } from "./config/describe-config.js";
import { parseConfig } from "./config/parse-config.js";
import { refuseNewPrivileges } from "./config/privilege-check.js";
import type { ShortForm } from "./config/short-form.js";
import { SluiceError } from "./core/errors.js";
import type { DiscoveryLink } from "./discovery-link.js";
import type { HeldWarnings } from "./held-warnings.js";
import type { InForce } from "./in-force.js";
import { warningsOfLimits } from "./limit-warnings.js";
import type { Plane } from "./planes/plane.js";
import { describeReload } from "./reload-detail.js";
import type { Turns } from "./turns.js";

/** A config as somebody gives it. */
export type GivenConfig = ConfigInput | ShortForm | Config;

export interface ReloadsParts {
  readonly turns: Turns;
  readonly inForce: InForce;
  readonly plane: Plane;
  readonly discovery: DiscoveryLink;
  readonly admin: AdminLink;
  readonly events: EventEmitter;
  readonly warnings: HeldWarnings;
  readonly tell: TellOperator;
  readonly isClosing: () => boolean;
}

export class Reloads {
  readonly #parts: ReloadsParts;

  constructor(parts: ReloadsParts) {
    this.#parts = parts;
  }

  /** @param version the one that must be in force still when its turn comes; undefined for any */
  reload(given: GivenConfig, actor: Actor | undefined, version?: number): Promise<ReloadResult> {
    const { turns, inForce, events } = this.#parts;
    const run = () => {
      if (version === undefined || version === inForce.version) return this.#reload(given, actor);
      throw new SluiceError("CONFIG_CHANGED", `version ${inForce.version} is in force, not ${version}`);
    };
    return turns.take(run, (error) => events.emit("reloadFailed", error));
  }

  /**
   * What is left out of secrets stays as it is.
   * @throws ConfigError; SluiceError with code `TOKEN_NEEDED` for what the actor may not do
   */
  read(given: GivenConfig, actor: Actor | undefined): Config {
    if (isConfig(given)) return given;
    const { written } = this.#parts.inForce;
    // Before anything that it names is read.
    if (actor?.by === "local") refuseNewPrivileges(given, describeConfig(written));
    return parseConfig(restoreSecrets(given, written));
  }

  /** The same config with backends in other states; between reloads, never during one. */
  refresh(): void {
    const { turns, inForce, isClosing } = this.#parts;
    void turns.take(async () => {
      if (!isClosing()) await inForce.refresh();
    });
  }

  /** Puts what discovery found since in force. */
  rediscover(): Promise<void> {
    const { turns, inForce, discovery, isClosing } = this.#parts;
    return turns.take(async () => {
      if (!isClosing()) await discovery.putInForce(inForce.written, (config) => inForce.put(config));
    });
  }

  /** @param before the config that was in force until now, or the same */
  warnOfLimits(config: Config, before: Config): void {
    const { plane, warnings } = this.#parts;
    for (const warning of warningsOfLimits(config, before, plane)) warnings.push(warning);
  }

  async #reload(given: GivenConfig, actor: Actor | undefined): Promise<ReloadResult> {
    const { inForce, discovery, events, tell, isClosing } = this.#parts;
    if (isClosing()) throw new SluiceError("CLOSED", "the balancer is closing: no reload");
    const written = this.read(given, actor);
    const resolved = await discovery.prepare(written);
    const result = await this.#putAll(written, resolved.config).catch((error) => {
      discovery.keep(inForce.written);
      throw error;
    });
    const before = inForce.written;
    this.warnOfLimits(written, before);
    inForce.accept(written, actor);
    discovery.keep(written, resolved);
    events.emit("reload", result);
    tell("reload", "", describeReload(result, before, written), actor);
    return result;
  }

  /** Both or neither: what moves datagrams, and what people see it by. */
  async #putAll(written: Config, config: Config): Promise<ReloadResult> {
    const admin = await this.#parts.admin.prepare(written);
    try {
      const result = await this.#parts.inForce.put(config);
      admin.commit();
      return result;
    } catch (error) {
      await admin.rollback();
      throw error;
    }
  }
}

/**
 * The admin side as the balancer sees it: loaded when a config first asks for it, changed with each config, closed at the end. A
 * balancer without it never loads a web server.
 */
import type { AdminHost, Prepared } from "./admin/admin-host.js";
import type { AdminSide } from "./admin/admin-side.js";
import type { InheritedDoors } from "./admin/inherited-doors.js";
import type { Config } from "./config/config.js";

type Host = Omit<AdminHost, "version" | "inherited">;

const NOTHING: Prepared = { commit() {}, rollback: async () => {} };

export class AdminLink {
  readonly #host: Host;
  readonly #inheritedFds: ReadonlyMap<string, number>;
  #inherited: InheritedDoors | undefined;
  #side: AdminSide | undefined;

  /** @param inherited listening sockets of the process before, by the address as the config writes it */
  constructor(host: Host, inherited: ReadonlyMap<string, number> = new Map()) {
    this.#host = host;
    this.#inheritedFds = inherited;
  }

  /** Addresses of the API, as really bound. */
  get addresses(): readonly string[] {
    return this.#side?.addresses ?? [];
  }

  /**
   * Gets ready what a config asks for, and leaves what is in force as it is.
   * @param isTaken whether another process may have the addresses still: then they are opened later
   * @throws ConfigError, ListenError
   */
  async prepare(config: Config, { isTaken = false } = {}): Promise<Prepared> {
    const isWanted = config.admin !== undefined || config.metrics?.otlp !== undefined;
    if (this.#side === undefined && isWanted) {
      const { openAdminSide } = await import("./admin/admin-side.js");
      this.#side = openAdminSide({ ...this.#host, inherited: await this.#openInherited() });
    }
    return (await this.#side?.prepare(config, { isTaken })) ?? NOTHING;
  }

  /** Listening sockets, by the address as it is written. */
  descriptors(): ReadonlyMap<string, number> {
    return this.#side?.descriptors() ?? new Map();
  }

  /** Another process has taken over, and has the sockets. */
  handOver(): void {
    void this.#side?.handOver();
  }

  /** This process takes over, with the sockets of the one before. */
  async takeOver(): Promise<void> {
    if (this.#inheritedFds.size === 0) return this.#side?.takeOver();
    const inherited = await this.#openInherited();
    inherited.release();
    await this.#side?.takeOver();
    inherited.closeRest();
  }

  async #openInherited(): Promise<InheritedDoors> {
    const { InheritedDoors } = await import("./admin/inherited-doors.js");
    this.#inherited ??= new InheritedDoors(this.#inheritedFds);
    return this.#inherited;
  }

  async close(): Promise<void> {
    await this.#side?.close();
  }
}

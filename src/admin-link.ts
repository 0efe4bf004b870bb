/**
 * The admin side as the balancer sees it: loaded when a config first asks for it, changed with each config, closed at the end. A
 * balancer without it never loads a web server.
 */
import type { AdminHost, Prepared } from "./admin/admin-host.js";
import type { AdminSide } from "./admin/admin-side.js";
import type { Config } from "./config/config.js";

const NOTHING: Prepared = { commit() {}, rollback: async () => {} };

export class AdminLink {
  readonly #host: Omit<AdminHost, "version">;
  #side: AdminSide | undefined;

  constructor(host: Omit<AdminHost, "version">) {
    this.#host = host;
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
      this.#side = openAdminSide(this.#host);
    }
    return (await this.#side?.prepare(config, { isTaken })) ?? NOTHING;
  }

  /** Another process takes over and gets the addresses. */
  handOver(): void {
    void this.#side?.handOver();
  }

  /** It did not take over after all. */
  takeBack(): void {
    this.#side?.takeBack();
  }

  async close(): Promise<void> {
    await this.#side?.close();
  }
}

/**
 * The one way in for the balancer: the API server and the sender of figures, each only while the config has it. Their packages are
 * loaded when they are first needed.
 */
import type { Config } from "../config/config.js";
import type { AdminHost, Prepared } from "./admin-host.js";
import type { AdminServer } from "./admin-server.js";
import type { Look } from "./metric.js";
import type { Otlp } from "./otlp.js";
import type { Prometheus } from "./prometheus.js";
import { readVersion } from "./version.js";

/** For answers under way when a reload turns the API off. */
const RELOAD_GRACE_MS = 1_000;
const WARN_EVERY_MS = 60_000;
const METHODS = ["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE", "-"];

export function openAdminSide(host: Omit<AdminHost, "version">): AdminSide {
  return new AdminSide({ ...host, version: readVersion() });
}

export class AdminSide {
  readonly #host: AdminHost;
  readonly #requests = new Map<string, number>();
  readonly #reloads = { ok: 0, failed: 0 };
  #server: AdminServer | undefined;
  #prometheus: Prometheus | undefined;
  #otlp: { readonly sender: Otlp; readonly key: string } | undefined;
  #lastFailureMs = Number.NEGATIVE_INFINITY;

  constructor(host: AdminHost) {
    this.#host = host;
    host.events.on("reload", this.#countReload);
    host.events.on("reloadFailed", this.#countFailure);
  }

  /** Addresses of the API, as really bound. */
  get addresses(): readonly string[] {
    return this.#server?.addresses ?? [];
  }

  /**
   * @param isTaken whether another process may have the addresses still: then they are opened later
   * @throws ConfigError, ListenError; nothing has changed then
   */
  async prepare(config: Config, { isTaken = false } = {}): Promise<Prepared> {
    const server = await this.#prepareServer(config, isTaken);
    const otlp = await this.#prepareOtlp(config);
    return {
      commit: () => {
        server.commit();
        otlp();
      },
      rollback: server.rollback,
    };
  }

  /** Listening sockets, by the address as it is written. */
  descriptors(): ReadonlyMap<string, number> {
    return this.#server?.descriptors() ?? new Map();
  }

  /** Another process has taken over, and has the sockets. */
  async handOver(): Promise<void> {
    await this.#server?.release();
  }

  /** This process takes over, with the sockets of the one before. */
  async takeOver(): Promise<void> {
    await this.#server?.openMissing();
  }

  async close(): Promise<void> {
    this.#host.events.off("reload", this.#countReload);
    this.#host.events.off("reloadFailed", this.#countFailure);
    await Promise.all([this.#server?.close(), this.#otlp?.sender.close()]);
  }

  readonly #countReload = (): void => {
    this.#reloads.ok++;
  };

  readonly #countFailure = (): void => {
    this.#reloads.failed++;
  };

  readonly #look = (): Look => ({
    stats: this.#host.balancer.stats(),
    admin: { requests: this.#requests, reloads: this.#reloads },
    version: this.#host.version,
  });

  async #prepareServer({ admin }: Config, isTaken: boolean): Promise<Prepared> {
    if (admin === undefined) return { commit: () => this.#closeServer(), rollback: async () => {} };
    const server = this.#server ?? (await this.#createServer());
    const prepared = await (isTaken ? server.prepareInBackground(admin) : server.prepare(admin)).catch(
      async (error) => {
        if (server !== this.#server) await server.close();
        throw error;
      },
    );
    return {
      commit: () => {
        this.#server = server;
        prepared.commit();
      },
      rollback: async () => {
        await prepared.rollback();
        if (server !== this.#server) await server.close();
      },
    };
  }

  async #createServer(): Promise<AdminServer> {
    const { AdminServer } = await import("./admin-server.js");
    const { createPrometheus } = await import("./prometheus.js");
    // One for good: prom-client's watch over the process never ends.
    this.#prometheus ??= createPrometheus(this.#look);
    return new AdminServer({
      host: this.#host,
      prometheus: this.#prometheus,
      onAnswer: (method, status) => {
        const key = `${METHODS.includes(method) ? method : "other"} ${status}`;
        this.#requests.set(key, (this.#requests.get(key) ?? 0) + 1);
      },
    });
  }

  /** An answer to the request that turned it off may be under way still. */
  #closeServer(): void {
    const server = this.#server;
    this.#server = undefined;
    void server?.close(RELOAD_GRACE_MS);
  }

  async #prepareOtlp({ metrics }: Config): Promise<() => void> {
    const key = JSON.stringify(metrics?.otlp ?? null);
    if (key === (this.#otlp?.key ?? "null")) return () => {};
    const otlp = metrics?.otlp;
    const open = otlp && (await import("./otlp.js")).openOtlp;
    return () => {
      void this.#otlp?.sender.close();
      this.#otlp = undefined;
      if (open === undefined || otlp === undefined) return;
      const sender = open({ ...otlp, look: this.#look, onFailure: (why) => this.#tellFailure(why) });
      this.#otlp = { sender, key };
    };
  }

  #tellFailure(why: string): void {
    const nowMs = performance.now();
    if (nowMs - this.#lastFailureMs < WARN_EVERY_MS) return;
    this.#lastFailureMs = nowMs;
    this.#host.warn("otlp", `figures could not be sent to ${why}`);
  }
}

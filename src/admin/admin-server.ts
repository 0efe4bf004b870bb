/**
 * The API while it runs: its addresses, who may use it, and what it remembers. A new config is put in force in two steps, so that
 * it can be refused as a whole: what it needs is opened first, and what it leaves out is closed last.
 */
import type { IncomingMessage } from "node:http";
import type { AdminAddress, AdminConfig } from "../config/admin-config.js";
import { ListenError } from "../core/errors.js";
import type { AdminHost, Prepared } from "./admin-host.js";
import type { Api, App } from "./app.js";
import { Auth, type Origin } from "./auth.js";
import { createApp, type Rules } from "./create-app.js";
import { EventLog, recordEvents } from "./event-log.js";
import { History } from "./history.js";
import { type Closing, type HttpDoor, openHttpDoor } from "./http-door.js";
import type { Prometheus } from "./prometheus.js";
import { type AdminSecrets, readSecrets } from "./secrets.js";
import { WarningLog } from "./warning-log.js";
import { WrongTokens } from "./wrong-tokens.js";

const SAMPLE_EVERY_MS = 1_000;
/** How long answers under way may take once a reload has closed their address. */
export const CLOSE_GRACE_MS = 1_000;
const RETRY_MS = 100;

export interface AdminServerOptions {
  readonly host: AdminHost;
  readonly prometheus: Prometheus;
  readonly onAnswer: (method: string, status: number) => void;
}

export class AdminServer {
  readonly #options: AdminServerOptions;
  readonly #events = new EventLog();
  readonly #history = new History();
  readonly #warnings = new WarningLog();
  readonly #wrongTokens = new WrongTokens();
  readonly #origins = new WeakMap<IncomingMessage, Origin>();
  readonly #closing = new AbortController();
  readonly #ends: (() => void)[] = [];
  /** By the address as it is written. */
  readonly #doors = new Map<string, HttpDoor>();
  /** Doors that are being closed. */
  readonly #leaving = new Set<Promise<void>>();
  #app: App | undefined;
  #rules: Rules = { auth: new Auth({}), hosts: [] };
  /** What is in force, to open it again. */
  #inForce: { readonly admin: AdminConfig; readonly secrets: AdminSecrets } | undefined;
  #retrying: AbortController | undefined;
  /** Addresses in force that cannot be opened, and not because another process has them. */
  readonly #hopeless = new Set<string>();

  constructor(options: AdminServerOptions) {
    this.#options = options;
  }

  /** Addresses really bound. */
  get addresses(): string[] {
    return [...this.#doors.values()].map(({ text }) => text);
  }

  /**
   * Opens what a config asks for besides what is open. Nothing else changes until the result's `commit`.
   * @throws ConfigError, ListenError; nothing new is open then
   */
  async prepare(admin: AdminConfig): Promise<Prepared> {
    const { host } = this.#options;
    const secrets = await readSecrets(admin, host.env);
    this.#app ??= await this.#start();
    const opened = await this.#openDoors(admin, secrets);
    return {
      commit: () => this.#commit(admin, secrets, opened),
      rollback: () => closeAll(opened),
    };
  }

  /**
   * The same where another process may have the addresses still: tries again and again, without waiting for it.
   * @throws ConfigError
   */
  async prepareInBackground(admin: AdminConfig): Promise<Prepared> {
    const secrets = await readSecrets(admin, this.#options.host.env);
    this.#app ??= await this.#start();
    return {
      commit: () => this.#commit(admin, secrets, []),
      rollback: async () => {},
    };
  }

  /** Opens what is in force and not open, each address as soon as it can be. Resolves when each has been tried once. */
  openMissing(): Promise<void> {
    const retrying = new AbortController();
    this.#retrying?.abort();
    this.#retrying = retrying;
    return this.#retry(retrying.signal);
  }

  /** Listening sockets, by the address as it is written. */
  descriptors(): ReadonlyMap<string, number> {
    return new Map(
      [...this.#doors].map(([key, door]) => [key, door.fd()] as const).filter(([, fd]) => fd >= 0),
    );
  }

  /** Another process goes on with the sockets. */
  async release(): Promise<void> {
    await this.#closeDoors({ graceMs: CLOSE_GRACE_MS, isPassedOn: true });
  }

  async close(graceMs = 0): Promise<void> {
    this.#closing.abort();
    for (const end of this.#ends) end();
    await this.#closeDoors({ graceMs });
    await Promise.all(this.#leaving);
    await this.#app?.close();
  }

  async #closeDoors(closing: Closing): Promise<void> {
    this.#retrying?.abort();
    const doors = [...this.#doors.values()];
    this.#doors.clear();
    await closeAll(doors, closing);
  }

  async #start(): Promise<App> {
    const { host, prometheus } = this.#options;
    const { balancer } = host;
    this.#ends.push(recordEvents(host.events, this.#events));
    const remember = (warning: { code: string; message: string }) => this.#warnings.add(warning);
    host.events.on("warning", remember);
    this.#ends.push(() => host.events.off("warning", remember));
    const sample = (): void => this.#history.record(balancer.stats(), Date.now());
    sample();
    const timer = setInterval(sample, SAMPLE_EVERY_MS).unref();
    this.#ends.push(() => clearInterval(timer));
    const api: Api = {
      ...{ balancer, version: host.version, events: this.#events, history: this.#history },
      prometheus,
      warnings: () => this.#warnings.list(),
      warn: host.warn,
      replaceConfig: host.replaceConfig,
      reloadFile: host.reloadFile,
      closing: this.#closing.signal,
    };
    return createApp(api, {
      rules: () => this.#rules,
      originOf: (request) => this.#origins.get(request) ?? { kind: "tcp", from: undefined },
      pageFolder: host.pageFolder,
    });
  }

  /** Those of the config's addresses that are new. One in force that could not be opened is no reason to refuse a reload. */
  async #openDoors(admin: AdminConfig, secrets: AdminSecrets): Promise<HttpDoor[]> {
    const opened: HttpDoor[] = [];
    try {
      for (const address of admin.listen) {
        const there = this.#doors.get(address.text);
        if (there === undefined && this.#isMissing(address)) continue;
        if (there === undefined) opened.push(await this.#openDoor(address, secrets));
        else checkProtocol(address, there, secrets);
      }
      return opened;
    } catch (error) {
      await closeAll(opened);
      throw error;
    }
  }

  #isMissing({ text }: AdminAddress): boolean {
    return (
      !this.#doors.has(text) && this.#inForce?.admin.listen.some((other) => other.text === text) === true
    );
  }

  #openDoor(address: AdminAddress, { certificate }: AdminSecrets): Promise<HttpDoor> {
    return openHttpDoor({
      address,
      certificate: address.kind === "unix" ? undefined : certificate,
      onAnswer: this.#options.onAnswer,
      arrivalMs: this.#options.host.arrivalMs,
      fd: this.#options.host.inherited?.take(address.text),
      onRequest: (request, response) => {
        const from = address.kind === "unix" ? undefined : request.socket.remoteAddress;
        this.#origins.set(request, { kind: address.kind, from });
        this.#app?.routing(request, response);
      },
    });
  }

  #commit(admin: AdminConfig, secrets: AdminSecrets, opened: readonly HttpDoor[]): void {
    this.#inForce = { admin, secrets };
    this.#hopeless.clear();
    const hosts = admin.hosts.map((name) => name.toLowerCase());
    this.#rules = { auth: new Auth(secrets.tokens, this.#wrongTokens), hosts };
    for (const door of opened) this.#doors.set(door.key, door);
    const wanted = new Set(admin.listen.map(({ text }) => text));
    for (const [key, door] of this.#doors) {
      if (wanted.has(key)) {
        if (secrets.certificate) door.setCertificate(secrets.certificate);
        continue;
      }
      this.#doors.delete(key);
      const left = door.close({ graceMs: CLOSE_GRACE_MS });
      this.#leaving.add(left);
      void left.then(() => this.#leaving.delete(left));
    }
    void this.openMissing();
  }

  /** One address that cannot be opened keeps no other closed. Resolves after a first try; further ones follow by themselves. */
  async #retry(signal: AbortSignal): Promise<void> {
    const { warn, inherited } = this.#options.host;
    if (this.#inForce === undefined) return;
    const { admin, secrets } = this.#inForce;
    let isToTryAgain = false;
    const failures: string[] = [];
    for (const address of admin.listen) {
      if (signal.aborted) return;
      if (this.#doors.has(address.text) || this.#hopeless.has(address.text)) continue;
      if (inherited?.isWithheld(address.text)) continue;
      try {
        const door = await this.#openDoor(address, secrets);
        if (signal.aborted) return await door.close({ graceMs: 0 });
        this.#doors.set(door.key, door);
      } catch (error) {
        if (isTaken(error)) isToTryAgain = true;
        else {
          this.#hopeless.add(address.text);
          failures.push((error as Error).message);
        }
      }
    }
    if (failures.length > 0) warn("admin", `${failures.join("; ")}: closed until sluice is started anew`);
    if (isToTryAgain) setTimeout(() => void this.#retry(signal), RETRY_MS).unref();
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof ListenError && (error.cause as NodeJS.ErrnoException).code === "EADDRINUSE";
}

/** A server speaks one of both for as long as it lives, and an address has one server. */
function checkProtocol(address: AdminAddress, door: HttpDoor, { certificate }: AdminSecrets): void {
  if (address.kind === "unix" || door.isSecure === (certificate !== undefined)) return;
  const why = "tls cannot be turned on or off while the address stays: reload with another one between";
  throw new ListenError(address.text, `admin ${address.text}: ${why}`);
}

async function closeAll(doors: readonly HttpDoor[], closing: Closing = { graceMs: 0 }): Promise<void> {
  await Promise.all(doors.map((door) => door.close(closing)));
}

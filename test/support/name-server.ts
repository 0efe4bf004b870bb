/** A real name server (dnsmasq) on a port of its own, with the names that a test gives it. */
import { type ChildProcess, spawn } from "node:child_process";
import { promises as dns } from "node:dns";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { freePorts } from "./free-ports.js";
import { DEADLINE_MS, within } from "./waiting.js";

/** Name → addresses. */
export type Hosts = Readonly<Record<string, readonly string[]>>;

export interface NameServerOptions {
  readonly hosts?: Hosts;
  /** As dnsmasq writes them: `_sip._udp.test,a.test,5060,10,1` is target, port, priority, weight. */
  readonly srv?: readonly string[];
}

const LOOK_EVERY_MS = 20;

export class NameServer {
  readonly #port: number;
  readonly #hostsFile: string;
  #child: ChildProcess | undefined;

  private constructor(port: number, hostsFile: string) {
    this.#port = port;
    this.#hostsFile = hostsFile;
  }

  /** It ends with the test. */
  static async open(t: TestContext, options: NameServerOptions): Promise<NameServer> {
    const folder = mkdtempSync(join(tmpdir(), "sluice-dns-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const server = new NameServer((await freePorts(1))[0]!, join(folder, "hosts"));
    t.after(() => server.stop());
    await server.start(options);
    return server;
  }

  /** For `resolvers` of a config. */
  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  async start({ hosts = {}, srv = [] }: NameServerOptions): Promise<void> {
    this.#writeHosts(hosts);
    const args = [
      ...["--keep-in-foreground", "--conf-file=/dev/null", "--pid-file=", "--no-resolv", "--no-hosts"],
      ...["--listen-address=127.0.0.1", "--bind-interfaces", `--port=${this.#port}`],
      // Else it becomes another user, who may not read the file.
      `--user=${userInfo().username}`,
      `--addn-hosts=${this.#hostsFile}`,
      "--local=/test/",
      ...srv.map((record) => `--srv-host=${record}`),
    ];
    const child = spawn("dnsmasq", args, { stdio: ["ignore", "ignore", "pipe"] });
    this.#child = child;
    let errors = "";
    child.stderr!.setEncoding("utf8").on("data", (text: string) => {
      errors += text;
    });
    await within(
      this.#answers(() => child.exitCode),
      `dnsmasq to answer ${errors}`,
      DEADLINE_MS,
    );
  }

  /** Gives names other addresses. */
  setHosts(hosts: Hosts): void {
    this.#writeHosts(hosts);
    this.#child?.kill("SIGHUP");
  }

  /** From now on nothing answers. */
  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }

  #writeHosts(hosts: Hosts): void {
    const lines = Object.entries(hosts).flatMap(([name, addresses]) =>
      addresses.map((ip) => `${ip} ${name}\n`),
    );
    writeFileSync(this.#hostsFile, lines.join(""));
  }

  async #answers(exitCode: () => number | null): Promise<void> {
    const resolver = new dns.Resolver({ timeout: 500, tries: 1 });
    resolver.setServers([this.address]);
    while (exitCode() === null) {
      const code = await resolver.resolve4("nobody.test").catch((error: NodeJS.ErrnoException) => error.code);
      if (code === "ENOTFOUND") return;
      await delay(LOOK_EVERY_MS);
    }
    throw new Error(`dnsmasq ended with code ${exitCode()}`);
  }
}

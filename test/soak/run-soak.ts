/** A balancer under load while one fault after another happens to it, as a seed plans them. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Stats } from "#src/api.js";
import type { ConfigInput } from "#src/config/config.js";
import { createSeededRandom } from "#src/lab/seeded-random.js";
import type { Cleanup } from "../support/cleanup.js";
import { JsonProgram, programPath } from "../support/other-processes.js";
import { residentMiB } from "../support/process-figures.js";
import { createTemporaryFolder } from "../support/temporary-folder.js";
import { type Fault, planFaults } from "./plan-faults.js";
import type { Command, Figures } from "./soak-program.js";
import type { SoakReport } from "./soak-report.js";
import { SoakTraffic } from "./soak-traffic.js";

export interface SoakOptions {
  readonly plane: "portable" | "batched";
  readonly seed: number;
  readonly durationMs: number;
  readonly perSecond: number;
  /** Whether another process takes the balancer's place now and then. Default false. */
  readonly upgrades?: boolean;
  /** Whether what a dead backend leaves unanswered is sent again. Default false. */
  readonly resend?: boolean;
  readonly onProgress?: (line: string) => void;
}

const BACKENDS = 4;
const LOOK_EVERY_MS = 1000;
const FLOWS_END_WITHIN_MS = 6000;
/** Longer than ports rest, on any machine. */
const RESTED_WITHIN_MS = 120_000;

export async function runSoak(owner: Cleanup, options: SoakOptions): Promise<SoakReport> {
  const soak = new Soak(owner, options);
  await soak.start();
  return soak.run();
}

class Soak {
  readonly #owner: Cleanup;
  readonly #options: SoakOptions;
  readonly #backends: { program: JsonProgram; address: string }[] = [];
  readonly #done: SoakReport["done"][number][] = [];
  /** By process of the balancer, the oldest first. */
  readonly #rssMiB: number[][] = [[]];
  readonly #pids: number[] = [];
  readonly #folder: string;
  #balancer!: JsonProgram;
  #traffic!: SoakTraffic;
  #round = 0;
  #highest = 0;

  constructor(owner: Cleanup, options: SoakOptions) {
    this.#owner = owner;
    this.#options = options;
    this.#folder = createTemporaryFolder((remove) => owner.after(remove));
  }

  async start(): Promise<void> {
    const { plane, seed, perSecond } = this.#options;
    for (let i = 0; i < BACKENDS; i++) this.#backends.push(await this.#startBackend("0"));
    const path = fileURLToPath(new URL("./soak-program.js", import.meta.url));
    const config = JSON.stringify(this.#config(-1));
    this.#balancer = new JsonProgram(this.#owner, [process.execPath, path, config, this.#folder]);
    const { pid, address, stats } = await this.#balancer.next<Figures>();
    this.#pids.push(pid);
    this.#owner.after(() => this.#pids.forEach(killIfThere));
    if (stats.plane !== plane) throw new Error(`the plane is ${stats.plane}: ${stats.planeNotes.join("; ")}`);
    this.#traffic = new SoakTraffic(address, perSecond, createSeededRandom(seed + 1));
  }

  async run(): Promise<SoakReport> {
    const { plane, seed, durationMs, upgrades = false } = this.#options;
    await this.#traffic.start();
    const startMs = performance.now();
    const workers = plane === "batched";
    for (const fault of planFaults({ seed, durationMs, backends: BACKENDS, workers, upgrades })) {
      await this.#waitUntil(startMs + fault.atMs);
      this.#done.push({ ...fault, happenedAtMs: performance.now() });
      await this.#happen(fault);
    }
    await this.#waitUntil(startMs + durationMs);
    await this.#traffic.stop();
    const { stats, warnings } = await this.#flowsEnded();
    const { descriptors, descriptorsBefore: before } = await this.#tell({ do: "close" });
    const generations = [...(await this.#formerGenerations()), stats];
    writeFileSync(join(this.#folder, "over"), "");
    const { sent, answered, wrong, broken, late, strays, clients, lostAtMs } = this.#traffic;
    return {
      ...{
        plane,
        seed,
        durationMs,
        sent,
        answered,
        wrong,
        broken,
        late,
        strays,
        clients,
        lostAtMs,
        generations,
        warnings,
      },
      done: this.#done,
      rssMiB: this.#rssMiB,
      descriptors: { before, highest: this.#highest, afterClose: descriptors },
    };
  }

  /** Does it, waits, and undoes it. */
  async #happen({ kind, target, weight, lastsMs }: Fault): Promise<void> {
    const name = `p/b${target}`;
    const wait = () => this.#waitUntil(performance.now() + lastsMs);
    switch (kind) {
      case "reload":
        await this.#tell({ do: "reload", config: this.#config(-1) });
        return;
      case "remove":
        await this.#tell({ do: "reload", config: this.#config(target) });
        await wait();
        await this.#tell({ do: "reload", config: this.#config(-1) });
        return;
      case "drain":
        await this.#tell({ do: "drain", name });
        await wait();
        await this.#tell({ do: "enable", name });
        return;
      case "weight":
        await this.#tell({ do: "weight", name, weight });
        return;
      case "crash":
        await this.#tell({ do: "crash", worker: target });
        return;
      case "upgrade": {
        this.#rssMiB.push([]);
        const { pid } = await this.#tell({ do: "upgrade", config: this.#config(-1) });
        if (!this.#pids.includes(pid)) this.#pids.push(pid);
        return;
      }
      case "pause":
        this.#traffic.paused = true;
        await wait();
        this.#traffic.paused = false;
        return;
      case "kill": {
        const backend = this.#backends[target];
        process.kill(backend.program.pid, "SIGKILL");
        await wait();
        this.#backends[target] = await this.#startBackend(backend.address.split(":")[1]);
        return;
      }
    }
  }

  /** At an address of their own: while one is killed, no client or upstream may be given its port. */
  async #startBackend(port: string): Promise<{ program: JsonProgram; address: string }> {
    const command = [process.execPath, programPath("echo-program"), "127.0.0.2", port];
    const program = new JsonProgram(this.#owner, command);
    return { program, address: await program.next<string>() };
  }

  /** Every round has other weights, and every second one a listener more. */
  #config(removed: number): ConfigInput {
    const round = this.#round++;
    const backends = this.#backends.map(({ address }, i) => ({
      name: `b${i}`,
      address,
      weight: 1 + ((round + i) % 3),
    }));
    const session = { idleTimeout: "1500ms" };
    const second = { name: "second", address: "127.0.0.1:0", pool: "p", session };
    return {
      plane: this.#options.plane,
      ...(this.#options.plane === "batched" && { workers: 2 }),
      listeners: [{ ...second, name: "main" }, ...(round % 2 === 1 ? [second] : [])],
      pools: [
        {
          name: "p",
          affinity: "client",
          failover: { unanswered: this.#options.resend === true ? "resend" : "lose" },
          backends: backends.filter((_, i) => i !== removed),
        },
      ],
    };
  }

  /** Looks at the figures meanwhile. */
  async #waitUntil(untilMs: number): Promise<void> {
    for (;;) {
      const leftMs = untilMs - performance.now();
      if (leftMs <= 0) return;
      await delay(Math.min(leftMs, LOOK_EVERY_MS));
      const { stats } = await this.#tell({ do: "figures" });
      const { sent, answered, lostAtMs } = this.#traffic;
      this.#options.onProgress?.(
        `${this.#done.length} faults, ${sent} sent, ${answered} answered, ${lostAtMs.length} lost, ${stats.flows.active} flows, ${this.#rssMiB.at(-1)?.at(-1)?.toFixed(0)} MiB`,
      );
    }
  }

  async #tell(command: Command): Promise<Figures> {
    const figures = await this.#balancer.ask<Figures>(JSON.stringify(command));
    this.#highest = Math.max(this.#highest, figures.descriptors);
    this.#rssMiB.at(-1)?.push(residentMiB(figures.pid));
    return figures;
  }

  /** What processes counted that another one followed. They say so once their ports have rested, and end. */
  async #formerGenerations(): Promise<Stats[]> {
    const files = this.#pids.slice(0, -1).map((pid) => join(this.#folder, `${pid}.json`));
    const untilMs = performance.now() + RESTED_WITHIN_MS;
    while (files.some((file) => !existsSync(file)) && performance.now() < untilMs) await delay(100);
    return files.map((file) => JSON.parse(readFileSync(file, "utf8")) as Stats);
  }

  async #flowsEnded(): Promise<Figures> {
    const untilMs = performance.now() + FLOWS_END_WITHIN_MS;
    for (;;) {
      const figures = await this.#tell({ do: "figures" });
      if (figures.stats.flows.active === 0 || performance.now() > untilMs) return figures;
      await delay(100);
    }
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended, as it should.
  }
}

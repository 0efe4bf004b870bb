/** The faults: what is done to a balancer or its backends while traffic flows, and for how long it is watched afterwards. */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { RunningBalancer } from "./contestants/contestant.js";
import type { Child } from "./messages.js";
import type { TestBed } from "./test-bed.js";

export interface Scene {
  readonly bed: TestBed;
  readonly balancer: RunningBalancer;
  readonly clients: Child;
  /** The backend that it happens to: the one with most of the traffic. */
  readonly victim: number;
  readonly backends: { [index: number]: Child };
  startBackend(index: number): Promise<void>;
  /** Called when what was broken works again. */
  readonly healed: () => void;
  /** The length of every pause is multiplied by this. */
  readonly pace: number;
}

export interface Fault {
  /** For the report. */
  readonly title: string;
  act(scene: Scene): Promise<void>;
}

const RELOADS = 100;
const NEW_CLIENTS = 16;

const catalogue = {
  kill: {
    title: "kill -9 of a backend",
    async act(scene) {
      scene.backends[scene.victim]!.signal("SIGKILL");
      await pause(scene, 4000);
    },
  },
  refuse: {
    title: "its port is closed for 3 s",
    async act(scene) {
      const backend = scene.backends[scene.victim]!;
      await backend.ask("close");
      await pause(scene, 3000);
      await backend.ask("open");
      await pause(scene, 3000);
    },
  },
  stop: {
    title: "SIGSTOP for 4 s",
    async act(scene) {
      const backend = scene.backends[scene.victim]!;
      backend.signal("SIGSTOP");
      await pause(scene, 4000);
      backend.signal("SIGCONT");
      await pause(scene, 3000);
    },
  },
  blackhole: {
    title: "black hole for 5 s",
    async act(scene) {
      scene.bed.blackhole!(scene.victim);
      await pause(scene, 5000);
      scene.bed.heal(scene.victim);
      await pause(scene, 2000);
    },
  },
  flap: {
    title: "killed and started again every 2 s, four times",
    async act(scene) {
      for (let round = 0; round < 4; round++) {
        await scene.backends[scene.victim]!.kill();
        await pause(scene, 1000);
        await scene.startBackend(scene.victim);
        await pause(scene, 1000);
      }
    },
  },
  drain: {
    title: "drained by the operator",
    async act(scene) {
      await scene.balancer.drain(scene.victim);
      await pause(scene, 2500);
    },
  },
  remove: {
    title: "removed by a reload",
    async act(scene) {
      await scene.balancer.remove(scene.victim);
      await pause(scene, 2500);
    },
  },
  dns: {
    title: "removed from DNS, TTL 1 s",
    async act(scene) {
      await scene.balancer.leaveDns(scene.victim);
      await pause(scene, 4000);
    },
  },
  reloads: {
    title: `${RELOADS} reloads, weights changed each time`,
    async act(scene) {
      for (let round = 1; round <= RELOADS; round++) {
        await scene.balancer.reload(round);
        await pause(scene, 40);
      }
      await pause(scene, 500);
    },
  },
  upgrade: {
    title: "upgrade of the program",
    async act(scene) {
      await scene.balancer.upgrade();
      await pause(scene, 3000);
    },
  },
  workers: {
    title: "two workers killed, one after the other",
    async act(scene) {
      for (let kills = 0; kills < 2; kills++) {
        await scene.balancer.killWorker();
        await pause(scene, 1500);
      }
    },
  },
  address: {
    title: "the balancer's address is gone for 2 s",
    async act(scene) {
      scene.bed.loseAddress!();
      await pause(scene, 2000);
      scene.bed.regainAddress();
      scene.healed();
      await pause(scene, 3000);
    },
  },
  buffers: {
    title: "the device's queue is full for 2 s",
    async act(scene) {
      scene.bed.choke!();
      await pause(scene, 2000);
      scene.bed.unchoke();
      scene.healed();
      await pause(scene, 3000);
    },
  },
  descriptors: {
    title: `no descriptor is left for 2 s, and ${NEW_CLIENTS} more clients come`,
    async act(scene) {
      const pids = scene.balancer.flowPids();
      const before = pids.map(limitToOpen);
      await scene.clients.ask("join", { clients: NEW_CLIENTS });
      await pause(scene, 2000);
      for (const [index, pid] of pids.entries()) setLimit(pid, before[index]!);
      await pause(scene, 2000);
    },
  },
} satisfies Record<string, Fault>;

export type FaultName = keyof typeof catalogue;
export const FAULTS: Readonly<Record<FaultName, Fault>> = catalogue;
export const FAULT_NAMES = Object.keys(catalogue) as FaultName[];

function pause({ pace }: Scene, ms: number): Promise<void> {
  return sleep(ms * pace);
}

/** From now on the process has as many descriptors as it may have. Answers what it might have had. */
function limitToOpen(pid: number): string {
  const args = [`--pid=${pid}`, "--nofile", "--noheadings", "--raw", "--output=SOFT,HARD"];
  const [soft, hard] = spawnSync("prlimit", args, { encoding: "utf8" }).stdout.trim().split(" ");
  setLimit(pid, `${readdirSync(`/proc/${pid}/fd`).length}:${hard}`);
  return `${soft}:${hard}`;
}

function setLimit(pid: number, limit: string): void {
  const { status, stderr } = spawnSync("prlimit", [`--pid=${pid}`, `--nofile=${limit}`], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`prlimit: ${stderr}`);
}

/**
 * Where a run takes place: clients and balancer at one end of a cable, the backends at the other, in network namespaces of their
 * own. Where these cannot be made, everything is on 127.0.0.1, and nothing can be black-holed.
 */
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { freePorts } from "../support/free-ports.js";
import { needsNamespaces } from "../support/network-namespaces.js";

export const BACKENDS = 3;
const NEAR_IP = "10.204.0.1";
const CLIENT_IP = "10.205.0.1";
const BACKEND_PORT = 7000;
const LISTEN_PORT = 5300;
/** Nobody has this address, so what is sent to it vanishes without a word. */
const NOBODYS_MAC = "02:00:00:00:00:99";

export interface Place {
  readonly host: string;
  readonly port: number;
}

export interface TestBed {
  /** To put before a command that is to run with the clients and the balancer, or with the backends. */
  readonly near: readonly string[];
  readonly far: readonly string[];
  readonly listen: Place;
  readonly backends: readonly Place[];
  /** Undefined where it cannot be done. */
  readonly blackhole: ((backend: number) => void) | undefined;
  readonly heal: (backend: number) => void;
  /** Where the clients are: an address that the balancer does not have. */
  readonly clientHost: string;
  /** Takes the address away that the balancer listens on and talks to backends from. Undefined where it cannot be done. */
  readonly loseAddress: (() => void) | undefined;
  readonly regainAddress: () => void;
  /** From now on the device's queue takes nothing: the kernel answers ENOBUFS where it is asked to tell. Undefined where it cannot be done. */
  readonly choke: (() => void) | undefined;
  readonly unchoke: () => void;
  close(): void;
}

/** @param isolated whether it must be, or undefined: where that is possible */
export async function openTestBed(isolated = needsNamespaces().skip === false): Promise<TestBed> {
  return isolated ? openCable() : openLoopback();
}

async function openLoopback(): Promise<TestBed> {
  const [listenPort, ...ports] = await freePorts(1 + BACKENDS);
  const host = "127.0.0.1";
  return {
    near: [],
    far: [],
    listen: { host, port: listenPort! },
    backends: ports.map((port) => ({ host, port })),
    blackhole: undefined,
    heal: () => {},
    clientHost: host,
    loseAddress: undefined,
    regainAddress: () => {},
    choke: undefined,
    unchoke: () => {},
    close: () => {},
  };
}

function openCable(): TestBed {
  const unique = randomBytes(4).toString("hex");
  const [near, far] = [`sluice-faults-${unique}-near`, `sluice-faults-${unique}-far`];
  const hosts = Array.from({ length: BACKENDS }, (_, index) => `10.204.0.${11 + index}`);
  for (const name of [near, far]) ip("netns", "add", name);
  ip("-n", near, "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", far);
  const nearAddress = (verb: string) => ip("-n", near, "address", verb, `${NEAR_IP}/24`, "dev", "cable");
  nearAddress("add");
  ip("-n", near, "address", "add", `${CLIENT_IP}/32`, "dev", "lo");
  for (const host of hosts) ip("-n", far, "address", "add", `${host}/24`, "dev", "cable");
  for (const name of [near, far])
    for (const link of ["lo", "cable"]) ip("-n", name, "link", "set", link, "up");
  const neighbour = (verb: string, backend: number, ...rest: string[]) =>
    ip("-n", near, "neighbour", verb, hosts[backend]!, "dev", "cable", ...rest);
  return {
    near: ["ip", "netns", "exec", near],
    far: ["ip", "netns", "exec", far],
    listen: { host: NEAR_IP, port: LISTEN_PORT },
    backends: hosts.map((host) => ({ host, port: BACKEND_PORT })),
    blackhole: (backend) => neighbour("replace", backend, "lladdr", NOBODYS_MAC, "nud", "permanent"),
    heal: (backend) => neighbour("del", backend),
    clientHost: CLIENT_IP,
    loseAddress: () => nearAddress("del"),
    regainAddress: () => nearAddress("add"),
    choke: () => run("tc", "-n", near, "qdisc", "add", "dev", "cable", "root", "bfifo", "limit", "1"),
    unchoke: () => run("tc", "-n", near, "qdisc", "del", "dev", "cable", "root"),
    close() {
      for (const name of [near, far]) removeNamespace(name);
    },
  };
}

/** What still runs in there was started by us or by what we started: nobody else knows the name. */
function removeNamespace(name: string): void {
  const pids = spawnSync("ip", ["netns", "pids", name], { encoding: "utf8" })
    .stdout.split("\n")
    .filter(Boolean);
  for (const pid of pids) {
    try {
      process.kill(Number(pid), "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }
  spawnSync("ip", ["netns", "del", name]);
}

function ip(...args: string[]): void {
  run("ip", ...args);
}

function run(program: string, ...args: string[]): void {
  const { status, stderr } = spawnSync(program, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${stderr}`);
}

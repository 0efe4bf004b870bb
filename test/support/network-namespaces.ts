/** Two network namespaces with a cable between them, made for one test and removed with it. Needs root and `ip`. */
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import type { Cleanup } from "./cleanup.js";
import { needs } from "./needs.js";

/** Addresses of the two ends of the cable. */
export const NEAR_IP = "10.203.0.1";
export const FAR_IP = "10.203.0.2";

export interface Namespaces {
  /** What to put before a command so that it runs in there. */
  readonly near: readonly string[];
  readonly far: readonly string[];
  /** Takes the cable away. */
  readonly unplug: () => void;
  /** Puts a new one there: its ends have other numbers, the same addresses, and fe80::1 near and fe80::2 far. */
  readonly plug: () => void;
  /** Runs a program in one of them and gives what it wrote. Throws when it fails. */
  readonly run: (end: "near" | "far", program: string, ...args: string[]) => string;
  /** Runs `ip` with these arguments in one of them. Throws when it fails. */
  readonly ip: (end: "near" | "far", ...args: string[]) => void;
}

/** For the options of `test()`. */
export function needsNamespaces(): { skip: string | false } {
  if (process.platform !== "linux") return { skip: "needs Linux" };
  const { skip } = needs("ip");
  if (skip !== false) return { skip };
  return {
    skip: process.getuid?.() === 0 && mayMakeNamespaces() ? false : "needs to make network namespaces",
  };
}

export function openNamespaces(t: Cleanup, mtu: number): Namespaces {
  const unique = randomBytes(4).toString("hex");
  const [near, far] = ["near", "far"].map((end) => `sluice-${unique}-${end}`);
  t.after(() => {
    for (const name of [near, far]) ip("netns", "del", name);
  });
  for (const name of [near, far]) {
    must("netns", "add", name);
    must("-n", name, "link", "set", "lo", "up");
  }
  const plug = () => makeCable(near, far, mtu);
  plug();
  return {
    plug,
    unplug: () => must("-n", near, "link", "delete", "cable"),
    near: ["ip", "netns", "exec", near],
    far: ["ip", "netns", "exec", far],
    run: (end, ...args) => runIn(end === "near" ? near : far, args),
    ip: (end, ...args) => must("-n", end === "near" ? near : far, ...args),
  };
}

function mayMakeNamespaces(): boolean {
  const name = `sluice-${process.pid}-probe`;
  const made = ip("netns", "add", name).status === 0;
  if (made) ip("netns", "del", name);
  return made;
}

let cables = 0;

/** The ends' numbers would come again when nothing is made in between. */
function makeCable(near: string, far: string, mtu: number): void {
  const spare = `spare${cables++}`;
  for (const name of [near, far]) must("-n", name, "link", "add", spare, "type", "bridge");
  must("-n", near, "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", far);
  for (const [name, address, six] of [
    [near, NEAR_IP, "fe80::1"],
    [far, FAR_IP, "fe80::2"],
  ]) {
    must("-n", name, "address", "add", `${address}/24`, "dev", "cable");
    must("-n", name, "link", "set", "cable", "addrgenmode", "none");
    must("-n", name, "address", "add", `${six}/64`, "dev", "cable", "nodad");
    must("-n", name, "link", "set", "cable", "mtu", `${mtu}`);
    must("-n", name, "link", "set", "cable", "up");
  }
}

function runIn(namespace: string, command: readonly string[]): string {
  const { status, stdout, stderr } = ip("netns", "exec", namespace, ...command);
  if (status !== 0) throw new Error(`${command.join(" ")}: ${stderr}`);
  return stdout;
}

function must(...args: string[]): void {
  const { status, stderr } = ip(...args);
  if (status !== 0) throw new Error(`ip ${args.join(" ")}: ${stderr}`);
}

function ip(...args: string[]) {
  return spawnSync("ip", args, { encoding: "utf8" });
}

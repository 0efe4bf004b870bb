/** dnsdist, which balances DNS alone: with health checks as often as sluice's, and its console for operators. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Child } from "../messages.js";
import type { TestBed } from "../test-bed.js";
import { type Contestant, formatPlace, type RunningBalancer } from "./contestant.js";

const CONSOLE_KEY = Buffer.alloc(32, 7).toString("base64");

export function findDnsdist(): Contestant | undefined {
  const { error, stdout } = spawnSync("dnsdist", ["--version"], { encoding: "utf8" });
  if (error) return undefined;
  return {
    name: "dnsdist",
    settings:
      "`roundrobin`, `checkInterval=1`, `checkTimeout=500`, `maxCheckFailures=1`; DNS queries, each on its own; `setDown`, `rmServer` from its console",
    version: /dnsdist ([\d.]+)/.exec(stdout)?.[1] ?? "unknown",
    dns: true,
    cannot: {
      dns: "asks for names once, when it starts",
      reloads: "has no reload",
      upgrade: "has no upgrade in place",
      workers: "its threads cannot be killed one by one",
      descriptors: "has its few sockets from the start: clients cost it none",
    },
    start: startDnsdist,
  };
}

async function startDnsdist(bed: TestBed, folder: string): Promise<RunningBalancer> {
  const file = join(folder, "dnsdist.lua");
  writeFileSync(file, createConfig(bed));
  const child = Child.start([...bed.near, "dnsdist", "-C", file, "--supervised", "--disable-syslog"]);
  await sleep(1000); // the first checks are part of it
  const tell = async (command: string) => {
    const [program, ...args] = [...bed.near, "dnsdist", "-C", file, "-e", command];
    const [code] = await once(spawn(program!, args, { stdio: "ignore" }), "close");
    if (code !== 0) throw new Error(`dnsdist -e ${command} ended with ${code}`);
  };
  const missing = async (): Promise<never> => {
    throw new Error("dnsdist has no such operation");
  };
  return {
    flowPids: () => [],
    drain: (backend) => tell(`getServer(${backend}):setDown()`),
    remove: (backend) => tell(`rmServer(${backend})`),
    async leaveDns() {
      throw new Error("it asks for names once");
    },
    reload: missing,
    upgrade: missing,
    killWorker: missing,
    drops: async () => undefined,
    stop: () => child.kill(),
  };
}

function createConfig({ listen, backends, near }: TestBed): string {
  const consolePort = near.length > 0 ? 5199 : listen.port; // TCP: the UDP port's number is free for it
  const servers = backends.map(
    (place) =>
      `newServer({address="${formatPlace(place)}", checkInterval=1, checkTimeout=500, maxCheckFailures=1})`,
  );
  return `
setSecurityPollSuffix("")
setACL({"0.0.0.0/0"})
controlSocket("127.0.0.1:${consolePort}")
setKey("${CONSOLE_KEY}")
addLocal("${formatPlace(listen)}", {reusePort=true})
setServerPolicy(roundrobin)
${servers.join("\n")}
`;
}

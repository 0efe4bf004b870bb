/** nginx's stream module, set to notice a dead backend as early as it can: it has no health checks for UDP. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { TestBed } from "../test-bed.js";
import { type Contestant, formatPlace, type RunningBalancer } from "./contestant.js";

const DEFAULT_MODULES = "/usr/lib/nginx/modules";
/** What becomes of a backend in the next config. */
type Mark = { readonly backend: number; readonly as: "down" | "gone" };

/** Undefined where there is no nginx with streams. */
export function findNginx(): Contestant | undefined {
  const { error, stderr } = spawnSync("nginx", ["-V"], { encoding: "utf8" });
  if (error) return undefined;
  const version = /nginx\/([\d.]+)/.exec(stderr)?.[1] ?? "unknown";
  const program = /--sbin-path=(\S+)/.exec(stderr)?.[1] ?? "/usr/sbin/nginx"; // whole: its upgrade does not search PATH
  const modules = /--modules-path=(\S+)/.exec(stderr)?.[1] ?? DEFAULT_MODULES;
  const isBuiltIn = /--with-stream(\s|$)/.test(stderr);
  const module = isBuiltIn ? undefined : join(modules, "ngx_stream_module.so");
  if (module !== undefined && !existsSync(module)) return undefined;
  return {
    name: "nginx",
    settings:
      "`hash $remote_addr:$remote_port consistent`, `proxy_requests 1`, `proxy_responses 1`, `proxy_timeout 1s`, `max_fails=1 fail_timeout=10s`, a shared `zone`, two workers with `reuseport`",
    version,
    dns: false,
    cannot: { dns: "asks for names once, when it starts (the open-source edition)" },
    start: (bed, folder) => startNginx(bed, folder, { program, module }),
  };
}

async function startNginx(
  bed: TestBed,
  folder: string,
  { program, module }: { readonly program: string; readonly module: string | undefined },
): Promise<RunningBalancer> {
  const file = join(folder, "nginx.conf");
  const pidFile = join(folder, "pid");
  const write = (mark?: Mark, round = 0) =>
    writeFileSync(file, createConfig(bed, folder, module, mark, round));
  const isWritten = () => existsSync(pidFile) && readFileSync(pidFile, "utf8").endsWith("\n");
  const master = () => readPid(pidFile);
  const reload = async (mark?: Mark, round?: number) => {
    write(mark, round);
    process.kill(master(), "SIGHUP");
  };
  write();
  const [command, ...args] = [...bed.near, program, "-c", file, "-e", join(folder, "error.log")];
  const { status, stderr } = spawnSync(command!, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`nginx: ${stderr}`);
  await until(() => isWritten() && childrenOf(master()).length > 0);
  return {
    flowPids: () => childrenOf(master()),
    drain: (backend) => reload({ backend, as: "down" }),
    remove: (backend) => reload({ backend, as: "gone" }),
    async leaveDns() {
      throw new Error("it asks for names once");
    },
    reload: (round) => reload(undefined, round),
    async upgrade() {
      const old = master();
      process.kill(old, "SIGUSR2");
      await until(() => isWritten() && master() !== old && childrenOf(master()).length > 0);
      process.kill(old, "SIGQUIT");
    },
    killWorker: async () => void process.kill(childrenOf(master())[0]!, "SIGKILL"),
    drops: async () => undefined,
    async stop() {
      const pid = master();
      process.kill(pid, "SIGTERM");
      await until(() => !existsSync(`/proc/${pid}`)).catch(() => process.kill(pid, "SIGKILL"));
    },
  };
}

function createConfig(
  bed: TestBed,
  folder: string,
  module: string | undefined,
  mark?: Mark,
  round = 0,
): string {
  const servers = bed.backends.map((place, index) => {
    if (mark?.backend === index && mark.as === "gone") return "";
    const down = mark?.backend === index ? " down" : "";
    const weight = round === 0 ? 1 : 1 + ((round + index) % 3);
    return `    server ${formatPlace(place)} weight=${weight} max_fails=1 fail_timeout=10s${down};`;
  });
  return `
${module === undefined ? "" : `load_module ${module};`}
user root;
worker_processes 2;
pid ${folder}/pid;
error_log ${folder}/error.log warn;
events { worker_connections 16384; }
stream {
  upstream backends {
    zone backends 128k;
    hash $remote_addr:$remote_port consistent;
${servers.join("\n")}
  }
  server {
    listen ${formatPlace(bed.listen)} udp reuseport;
    proxy_pass backends;
    proxy_requests 1;
    proxy_responses 1;
    proxy_timeout 1s;
  }
}
`;
}

/** Never 0, which would be our own process group. */
function readPid(file: string): number {
  const pid = Number(readFileSync(file, "utf8"));
  if (!(pid > 1)) throw new Error("nginx has written no process id");
  return pid;
}

function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  return text.split(" ").filter(Boolean).map(Number);
}

async function until(isTrue: () => boolean): Promise<void> {
  for (let tries = 0; !isTrue(); tries++) {
    if (tries === 500) throw new Error("nginx took longer than five seconds");
    await sleep(10);
  }
}

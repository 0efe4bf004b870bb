// nginx's stream module as a UDP balancer, tuned the way its manual suggests: epoll, one worker on the CPU it is given,
// SO_REUSEPORT, buffers as large as sluice's, no log.
import { spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What is installed here, or undefined where there is no nginx or no stream module. */
export function findNginx() {
  const { error, stderr } = spawnSync("nginx", ["-V"], { encoding: "utf8" });
  if (error) return undefined;
  const version = /nginx\/([\d.]+)/.exec(stderr)?.[1] ?? "unknown";
  if (/--with-stream(\s|$)/.test(stderr)) return { version, module: undefined };
  const folder = /--modules-path=(\S+)/.exec(stderr)?.[1] ?? "/usr/lib/nginx/modules";
  const module = join(folder, "ngx_stream_module.so");
  return existsSync(module) ? { version, module } : undefined;
}

/** A flow for each client address and port, on a backend by consistent hash. */
export function nginxByClient(nginx) {
  return createNginx(nginx, "nginx", "hash $remote_addr:$remote_port consistent;", "proxy_timeout 120s;");
}

/** Every datagram is a session of its own that ends with its reply, so datagrams are dealt out in turn. */
export function nginxInTurn(nginx) {
  return createNginx(nginx, "nginx", "", "proxy_timeout 2s; proxy_requests 1; proxy_responses 1;");
}

function createNginx(nginx, name, upstream, server) {
  return {
    name,
    version: nginx.version,
    detail: upstream === "" ? "proxy_requests 1, proxy_responses 1" : upstream.replace(";", ""),
    command({ listen, backends, folder }) {
      const config = join(folder, "nginx.conf");
      writeFileSync(config, writeConfig({ ...nginx, folder, listen, backends, upstream, server }));
      return { program: "nginx", args: ["-c", config, "-e", join(folder, "error.log")] };
    },
  };
}

function writeConfig({ module, folder, listen, backends, upstream, server }) {
  return `
${module === undefined ? "" : `load_module ${module};`}
daemon off;
user root;
worker_processes 1;
worker_rlimit_nofile 131072;
pid ${folder}/pid;
error_log ${folder}/error.log crit;
events { use epoll; worker_connections 131072; multi_accept on; }
stream {
  access_log off;
  upstream backends {
    ${upstream}
${backends.map((backend) => `    server ${backend} max_fails=0;`).join("\n")}
  }
  server {
    listen ${listen} udp reuseport rcvbuf=4m sndbuf=4m;
    proxy_pass backends;
    proxy_buffer_size 2k;  # for each session; no datagram here is longer
    proxy_connect_timeout 1s;
    ${server}
  }
}
`;
}

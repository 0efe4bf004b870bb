// dnsdist, a balancer for DNS alone, with its queries dealt out in turn and everything off that is not forwarding.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** What is installed here, or undefined. */
export function findDnsdist() {
  const { error, stdout } = spawnSync("dnsdist", ["--version"], { encoding: "utf8" });
  return error ? undefined : { version: /dnsdist ([\d.]+)/.exec(stdout)?.[1] ?? "unknown" };
}

export function dnsdistInTurn({ version }) {
  return {
    name: "dnsdist",
    version,
    detail: "roundrobin, DNS payloads of the same size",
    load: { dns: true },
    command({ listen, backends, folder }) {
      const config = join(folder, "dnsdist.lua");
      writeFileSync(config, writeConfig(listen, backends));
      return { program: "dnsdist", args: ["-C", config, "--supervised", "--disable-syslog"] };
    },
  };
}

function writeConfig(listen, backends) {
  return `
setSecurityPollSuffix("")
setACL({"127.0.0.0/8"})
addLocal("${listen}", {reusePort=true})
setUDPMultipleMessagesVectorSize(64)  -- recvmmsg and sendmmsg towards clients
setMaxUDPOutstanding(65535)
setUDPTimeout(2)
setUDPSocketBufferSizes(4194304, 4194304)
setRingBuffersSize(100)
setMaxTCPClientThreads(1)
${backends.map((backend) => `newServer({address="${backend}"}):setUp()  -- no health checks`).join("\n")}
setServerPolicy(roundrobin)
`;
}

// A network namespace of our own with nothing but a loopback device: no other traffic, no firewall rules, and ports
// that are free. Needs root and iproute2.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";

/** What every program measured may ask for; SO_RCVBUF is cut to these unless the program is privileged and forces it. */
const BUFFER_LIMITS = ["/proc/sys/net/core/rmem_max", "/proc/sys/net/core/wmem_max"];
const BUFFER_BYTES = 4 << 20;

/** Why no namespace can be had here, or undefined. @returns {string | undefined} */
export function whyNoNamespace() {
  if (process.platform !== "linux") return "needs Linux";
  if (process.getuid?.() !== 0) return "needs root, to make a network namespace of its own";
  if (spawnSync("ip", ["-V"]).error) return "needs the program `ip` (Debian: apt-get install iproute2)";
  return undefined;
}

/**
 * Makes the namespace, and lets sockets have buffers of 4 MiB. `close` ends what still runs inside, removes the
 * namespace and puts the limits back; it is synchronous, so that it can run when the process exits.
 * @param {number} descriptors that a program inside may have
 */
export function openNamespace(descriptors) {
  const name = `sluice-bench-${process.pid}`;
  ip("netns", "add", name);
  ip("-n", name, "link", "set", "lo", "up");
  // Each flow has a port: the default range has 28,232 of them.
  ip("netns", "exec", name, "sh", "-c", "echo 1024 65535 > /proc/sys/net/ipv4/ip_local_port_range");
  const restoreLimits = raiseBufferLimits();
  let open = true;
  return {
    name,
    descriptors,
    close() {
      if (!open) return;
      open = false;
      for (const pid of pidsIn(name)) kill(pid);
      restoreLimits();
      spawnSync("ip", ["netns", "del", name]);
    },
  };
}

function raiseBufferLimits() {
  const before = BUFFER_LIMITS.map((path) => [path, Number(readFileSync(path, "latin1"))]);
  const low = before.filter(([, bytes]) => bytes < BUFFER_BYTES);
  for (const [path] of low) writeFileSync(path, `${BUFFER_BYTES}`);
  return () => {
    for (const [path, bytes] of low) writeFileSync(path, `${bytes}`);
  };
}

/** Children of what we started, such as nginx's workers; nobody else knows of this namespace. */
function pidsIn(name) {
  const { stdout } = spawnSync("ip", ["netns", "pids", name], { encoding: "utf8" });
  return (stdout ?? "").split("\n").filter(Boolean).map(Number);
}

function kill(pid) {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

function ip(...args) {
  const { status, stderr } = spawnSync("ip", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`ip ${args.join(" ")}: ${stderr.trim()}`);
}

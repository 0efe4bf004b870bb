/** What Linux knows of a process and of the network that it is in, from /proc. */
import { readdirSync, readFileSync } from "node:fs";

export interface UdpSocketLine {
  readonly localPort: number;
  readonly remoteIp: string;
  readonly remotePort: number;
}

/** Resident memory in MiB. */
export function residentMiB(pid: number): number {
  const [, kib = "0"] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kib) / 1024;
}

/** Open files. */
export function descriptors(pid: number | "self"): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** IPv4 UDP sockets of the network namespace that the process is in. */
export function udpSockets(pid: number): UdpSocketLine[] {
  const lines = readFileSync(`/proc/${pid}/net/udp`, "utf8").trim().split("\n").slice(1);
  return lines.map((line) => {
    const fields = line.trim().split(/\s+/);
    const [remoteIp, remotePort] = fields[2].split(":");
    return {
      localPort: Number.parseInt(fields[1].split(":")[1], 16),
      remoteIp: [3, 2, 1, 0].map((i) => Number.parseInt(remoteIp.slice(2 * i, 2 * i + 2), 16)).join("."),
      remotePort: Number.parseInt(remotePort, 16),
    };
  });
}

/** Datagrams for which there was no room in the queue of their socket, in that namespace so far. */
export function receiveBufferErrors(pid: number): number {
  const lines = readFileSync(`/proc/${pid}/net/snmp`, "utf8").split("\n");
  const [names, values] = lines.filter((line) => line.startsWith("Udp:")).map((line) => line.split(" "));
  const [, six] = /^Udp6RcvbufErrors\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/net/snmp6`, "utf8")) ?? [];
  return Number(values[names.indexOf("RcvbufErrors")]) + Number(six ?? 0);
}

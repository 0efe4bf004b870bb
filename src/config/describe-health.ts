/** The health check of a pool as a file would say it; the secret of a RADIUS server is left out. */
import { formatIp } from "../core/address.js";
import { REDACTED } from "./admin-config.js";
import type { Fields } from "./draft.js";
import type { HealthConfig, ProbeConfig, UdpExpectConfig } from "./health-config.js";
import { formatDuration } from "./units.js";

export function describeHealth({ probe, port, address, ...plan }: HealthConfig): Fields {
  return {
    probe: describeProbe(probe),
    interval: formatDuration(plan.intervalMs),
    timeout: formatDuration(plan.timeoutMs),
    rise: plan.rise,
    fall: plan.fall,
    jitter: plan.jitterPercent,
    fastInterval: formatDuration(plan.fastIntervalMs),
    ...(port !== 0 && { port }),
    ...(address !== undefined && { address: formatIp(address) }),
  };
}

function describeProbe(probe: ProbeConfig): Fields {
  switch (probe.type) {
    case "udp":
      return { type: "udp", send: { hex: probe.sendHex }, expect: describeExpectation(probe.expect) };
    case "dns":
      return { ...probe, rcodes: [...probe.rcodes] };
    case "sip":
      return { type: "sip", ...(probe.uri !== "" && { uri: probe.uri }), status: [...probe.status] };
    case "radius":
      return { type: "radius", secret: "text" in probe.secret ? REDACTED : { ...probe.secret } };
    case "http":
    case "https": {
      const { type, method, path, status, host, insecure } = probe;
      const common = { type, method, path, status: [...status], ...(host !== "" && { host }) };
      return type === "http" ? common : { ...common, insecure };
    }
    case "exec":
      return { type: "exec", command: [...probe.command] };
    default:
      return { ...probe };
  }
}

function describeExpectation(expect: UdpExpectConfig): unknown {
  if (expect.kind === "bytes") return { hex: expect.hex };
  return expect.kind === "regex" ? { regex: expect.pattern } : expect.kind;
}

/** From the config of a probe to the probe: the one place that knows them all. */
import type { ProbeConfig } from "../config/health-config.js";
import type { Probe } from "./probe.js";
import { createCoapProbe } from "./probes/coap.js";
import { createDnsProbe } from "./probes/dns.js";
import { createExecProbe } from "./probes/exec.js";
import { createHttpProbe } from "./probes/http.js";
import { createNtpProbe } from "./probes/ntp.js";
import { createPingProbe } from "./probes/ping.js";
import { createQuicProbe } from "./probes/quic.js";
import { createRadiusProbe } from "./probes/radius.js";
import { createSipProbe } from "./probes/sip.js";
import { createStunProbe } from "./probes/stun.js";
import { createTcpProbe } from "./probes/tcp.js";
import { createUdpProbe } from "./probes/udp.js";

export function createProbe(config: ProbeConfig): Probe {
  switch (config.type) {
    case "udp":
      return createUdpProbe(config);
    case "dns":
      return createDnsProbe(config);
    case "sip":
      return createSipProbe(config);
    case "radius":
      return createRadiusProbe(config);
    case "stun":
      return createStunProbe(config);
    case "quic":
      return createQuicProbe();
    case "coap":
      return createCoapProbe();
    case "ntp":
      return createNtpProbe(config);
    case "ping":
      return createPingProbe();
    case "tcp":
      return createTcpProbe();
    case "http":
    case "https":
      return createHttpProbe(config);
    case "exec":
      return createExecProbe(config);
  }
}

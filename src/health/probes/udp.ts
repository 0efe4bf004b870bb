/** The `udp` probe, for protocols without a probe of their own: sends bytes, and looks at what comes back if anything. */
import type { UdpExpectConfig, UdpProbeConfig } from "../../config/health-config.js";
import { type Probe, passed } from "../probe.js";
import { exchangeUdp, ignored, type Judgement } from "./udp-exchange.js";

/** A pattern sees no more of a reply: it comes from outside, and some patterns take long on long texts. */
const MAX_PATTERN_BYTES = 4_096;

export function createUdpProbe({ sendHex, expect }: UdpProbeConfig): Probe {
  const request = Buffer.from(sendHex, "hex");
  const matches = createMatcher(expect);
  return {
    type: "udp",
    run: (target, timeoutMs, signal) =>
      exchangeUdp(
        target,
        { timeoutMs, signal },
        {
          createRequest: () => request,
          judge: (reply) => judgeUdpReply(reply, matches),
          // Nobody has refused it, and the protocol may have no answer to this.
          ...(expect.kind === "none" ? { onSilence: () => passed("not refused") } : {}),
        },
      ),
  };
}

/** Whether a reply is what the config expects. */
export function createMatcher(expect: UdpExpectConfig): (reply: Buffer) => boolean {
  switch (expect.kind) {
    case "none":
    case "any":
      return () => true;
    case "bytes": {
      const start = Buffer.from(expect.hex, "hex");
      return (reply) => reply.subarray(0, start.length).equals(start);
    }
    case "regex": {
      const pattern = new RegExp(expect.pattern, "su");
      return (reply) => pattern.test(reply.toString("utf8", 0, MAX_PATTERN_BYTES));
    }
  }
}

export function judgeUdpReply(reply: Buffer, matches: (reply: Buffer) => boolean): Judgement {
  return matches(reply) ? passed(`answered with ${reply.length} bytes`) : ignored("not what is expected");
}

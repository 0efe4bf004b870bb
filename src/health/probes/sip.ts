/** The `sip` probe: OPTIONS (RFC 3261 section 11), judged by the status of the final response. */
import { randomBytes, randomInt } from "node:crypto";
import type { SipProbeConfig } from "../../config/health-config.js";
import { formatEndpoint } from "../../core/address.js";
import { failed, type Probe, passed } from "../probe.js";
import { BRANCH_COOKIE, decodeSipResponse, encodeSipOptions, type SipIds } from "./sip-message.js";
import { isInRanges } from "./status-ranges.js";
import { exchangeUdp, ignored, type Judgement, type LocalAddress } from "./udp-exchange.js";

/** Section 17.1.2.1: T1 is 500 ms and doubles up to T2, 4 s. */
const RETRANSMIT_AT_MS = [500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500];

export function createSipProbe({ uri, status }: SipProbeConfig): Probe {
  return {
    type: "sip",
    run(target, timeoutMs, signal) {
      const ids = createIds();
      const requestUri = uri === "" ? `sip:${formatEndpoint(target)}` : uri;
      return exchangeUdp(
        target,
        { timeoutMs, signal },
        {
          createRequest: (local) => encodeSipOptions(requestUri, formatLocal(local), ids),
          judge: (reply) => judgeSipReply(reply, ids, status),
          retransmitAtMs: RETRANSMIT_AT_MS,
        },
      );
    },
  };
}

function createIds(): SipIds {
  const hex = (bytes: number) => randomBytes(bytes).toString("hex");
  return { branch: hex(8), callId: hex(16), tag: hex(4), sequence: randomInt(1, 2 ** 31) };
}

function formatLocal({ address, port, family }: LocalAddress): string {
  return family === "IPv6" ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Provisional responses are waited through: only a final one says that the server has done its work. */
export function judgeSipReply(reply: Buffer, ids: SipIds, expected: readonly string[]): Judgement {
  const response = decodeSipResponse(reply);
  if (response === undefined) return ignored("not a SIP response");
  if (response.branch !== BRANCH_COOKIE + ids.branch) return ignored("another branch");
  if (response.callId !== ids.callId) return ignored("another Call-ID");
  if (response.cseq !== `${ids.sequence} OPTIONS`) return ignored("another CSeq");
  const { status } = response;
  if (status < 200) return ignored(`provisional status ${status}`);
  if (isInRanges(status, expected)) return passed(`status ${status}`);
  return failed(`status ${status}, expected ${expected.join(" or ")}`);
}

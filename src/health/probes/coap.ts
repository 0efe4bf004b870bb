/** The `coap` probe: a "CoAP ping" (RFC 7252 section 4.3), an empty confirmable message that is answered by a reset. */
import { randomInt } from "node:crypto";
import { type Probe, passed } from "../probe.js";
import { exchangeUdp, ignored, type Judgement } from "./udp-exchange.js";

/** Version 1, type CON (0), no token; section 3. */
const CONFIRMABLE = 0x40;
/** Version 1, type RST (3), no token. */
const RESET = 0x70;
const EMPTY_CODE = 0;
const MESSAGE_BYTES = 4;
/** Section 4.8: ACK_TIMEOUT 2 s, ACK_RANDOM_FACTOR 1.5, MAX_RETRANSMIT 4; each wait doubles. */
const ACK_TIMEOUT_MS = 2_000;
const ACK_RANDOM_FACTOR = 1.5;
const DOUBLINGS = [1, 3, 7, 15];

export function createCoapProbe(): Probe {
  return {
    type: "coap",
    run(target, timeoutMs, signal) {
      const ping = encodeCoapPing(randomInt(0x10000));
      const firstWaitMs = ACK_TIMEOUT_MS * (1 + Math.random() * (ACK_RANDOM_FACTOR - 1));
      return exchangeUdp(
        target,
        { timeoutMs, signal },
        {
          createRequest: () => ping,
          judge: (reply) => judgeCoapReply(reply, ping),
          retransmitAtMs: DOUBLINGS.map((factor) => factor * firstWaitMs),
        },
      );
    },
  };
}

export function encodeCoapPing(messageId: number): Buffer {
  return Buffer.from([CONFIRMABLE, EMPTY_CODE, messageId >> 8, messageId & 0xff]);
}

/** An empty message has nothing after its message id (section 4.1). */
export function judgeCoapReply(reply: Buffer, ping: Buffer): Judgement {
  if (reply.length !== MESSAGE_BYTES || reply[0] !== RESET || reply[1] !== EMPTY_CODE) {
    return ignored("not a CoAP reset");
  }
  if (!reply.subarray(2).equals(ping.subarray(2))) return ignored("another message id");
  return passed("reset");
}

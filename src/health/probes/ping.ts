/** The `ping` probe: what the lab's client sends, `PING <n> <HH:MM:SS>`, answered by the same in upper case. */
import { randomInt } from "node:crypto";
import { type Probe, passed } from "../probe.js";
import { exchangeUdp, ignored, type Judgement } from "./udp-exchange.js";

/** Numbers of probes are high, so that a log tells them from those of the lab's client, and differ from run to run. */
const FIRST_NUMBER = 1_000_000;

export function createPingProbe(): Probe {
  return {
    type: "ping",
    run(target, timeoutMs, signal) {
      const request = encodePing(randomInt(FIRST_NUMBER, FIRST_NUMBER * 1_000), new Date());
      return exchangeUdp(
        target,
        { timeoutMs, signal },
        { createRequest: () => request, judge: (reply) => judgePingReply(reply, request) },
      );
    },
  };
}

/** The time is that of the local time zone, as in the lab. */
export function encodePing(n: number, time: Date): Buffer {
  const parts = [time.getHours(), time.getMinutes(), time.getSeconds()];
  return Buffer.from(`PING ${n} ${parts.map((part) => String(part).padStart(2, "0")).join(":")}`);
}

export function judgePingReply(reply: Buffer, request: Buffer): Judgement {
  const expected = request.toString("latin1").toUpperCase();
  return reply.toString("latin1") === expected ? passed("answered") : ignored("another text");
}

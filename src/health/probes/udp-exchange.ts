/**
 * One request and its answer over UDP, as all UDP probes need it: a connected socket on a port of its own, so that
 * ICMP errors come back; only the backend's datagrams count, as connect(2) gives the socket a port first and its peer then, and
 * anybody's may come in between; a judge, so that stale or spoofed ones do not count.
 */
import { createSocket, type Socket, type SocketType } from "node:dgram";
import { type Endpoint, formatIp } from "../../core/address.js";
import { cameFrom } from "../../core/came-from.js";
import { failed, formatMs, type Outcome, type ProbeResult } from "../probe.js";
import { type AttemptOptions, attempt } from "./attempt.js";
import { describeUdpFault, failedBy } from "./describe-fault.js";

/** What a reply says: the outcome, or that it is not the answer to this request, and why. */
export type Judgement = Outcome | Ignored;
export interface Ignored {
  readonly ignored: string;
}

export function ignored(why: string): Ignored {
  return { ignored: why };
}

export interface UdpExchange {
  /** Makes the request once the socket's own address is known; every retransmission sends the same bytes. */
  readonly createRequest: (local: LocalAddress) => Uint8Array;
  /** Called with every reply until one has an outcome. */
  readonly judge: (reply: Buffer) => Judgement;
  /** When to send again, in milliseconds after the first time. Left out: never. */
  readonly retransmitAtMs?: readonly number[];
  /** What silence means; left out: a failure. */
  readonly onSilence?: () => Outcome;
}

export interface LocalAddress {
  readonly address: string;
  readonly port: number;
  readonly family: string;
}

const FROM_ANOTHER = ignored("not from the backend");

/** Datagrams that were no answer to the request. */
interface Strangers {
  count: number;
  lastWhy: string;
}

/** Runs one exchange; never rejects. */
export function exchangeUdp(
  target: Endpoint,
  { timeoutMs, signal }: Pick<AttemptOptions, "timeoutMs" | "signal">,
  exchange: UdpExchange,
  openSocket: (type: SocketType) => Socket = createSocket,
): Promise<ProbeResult> {
  const strangers: Strangers = { count: 0, lastWhy: "" };
  const onTimeout = exchange.onSilence ?? (() => failed(describeSilence(timeoutMs, strangers)));
  return attempt({ timeoutMs, signal, onTimeout }, (settle) => {
    const socket = openSocket(target.ip.family === 4 ? "udp4" : "udp6");
    const timers: NodeJS.Timeout[] = [];
    const fail = (error: unknown) => settle(failedBy(error, describeUdpFault));
    socket.on("error", fail);
    socket.on("message", (reply, from) => {
      const judgement = cameFrom(from, target) ? exchange.judge(reply) : FROM_ANOTHER;
      if (!("ignored" in judgement)) return settle(judgement);
      strangers.count++;
      strangers.lastWhy = judgement.ignored;
    });
    const onConnect = (error?: Error | null) => {
      if (error) return fail(error);
      try {
        timers.push(...startSending(socket, exchange, timeoutMs, fail));
      } catch (thrown) {
        // The interface of a link-local backend is gone already: its zone has no name (ENXIO).
        fail(thrown);
      }
    };
    // The types leave out that the callback gets the error.
    socket.connect(target.port, formatIp(target.ip), onConnect as () => void);
    return () => {
      for (const timer of timers) clearTimeout(timer);
      close(socket);
    };
  });
}

/** Sends the request now, and the timers that this returns send it again. */
function startSending(
  socket: Socket,
  { createRequest, retransmitAtMs = [] }: UdpExchange,
  timeoutMs: number,
  fail: (error: unknown) => void,
): NodeJS.Timeout[] {
  const request = createRequest(socket.address());
  const send = () =>
    socket.send(request, (error) => {
      if (error) fail(error);
    });
  send();
  return retransmitAtMs.filter((atMs) => atMs < timeoutMs).map((atMs) => setTimeout(send, atMs));
}

/** Late errors, such as a refusal that is still under way, have nobody to tell. */
function close(socket: Socket): void {
  socket.removeAllListeners("message");
  try {
    socket.close();
  } catch {
    // It is closed already, by an error of its own.
  }
}

function describeSilence(timeoutMs: number, { count, lastWhy }: Strangers): string {
  const silence = `no answer within ${formatMs(timeoutMs)}`;
  return count === 0 ? silence : `${silence}; ignored ${count}, the last one: ${lastWhy}`;
}

/**
 * The lab's server: it answers a datagram with its text in upper case, and answers some of them not at all.
 * The loss is on purpose: a client has to live with lost answers, and the lab shows whose doing they are.
 */
import { isUtf8 } from "node:buffer";
import { createSocket, type RemoteInfo } from "node:dgram";
import { isIPv6 } from "node:net";
import type { DrawBelow } from "./seeded-random.js";

/** `numerator` of `denominator` datagrams get no answer. The classroom server: 4 of 11, about 36 %. */
export interface Loss {
  readonly numerator: number;
  readonly denominator: number;
}
export const CLASSROOM_LOSS: Loss = { numerator: 4, denominator: 11 };

/** One datagram that came in, and whether it is answered. */
export interface PingMessage {
  readonly text: string;
  /** Where it came from, `address:port`. */
  readonly from: string;
  readonly isAnswered: boolean;
}

export interface PingServerOptions {
  /** Address to bind, IPv4 or IPv6. */
  readonly address: string;
  /** 0 asks for any free port. */
  readonly port: number;
  readonly loss: Loss;
  readonly random: DrawBelow;
  /** Called before the answer is sent. */
  readonly onMessage?: (message: PingMessage) => void;
}

export interface PingServer {
  /** The address really bound, `address:port`. */
  readonly address: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Opens a server; rejects with the system's error when the address cannot be bound. */
export async function openPingServer(options: PingServerOptions): Promise<PingServer> {
  const socket = createSocket(isIPv6(options.address) ? "udp6" : "udp4");
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.bind({ port: options.port, address: options.address, exclusive: true }, () => {
      socket.off("error", reject);
      resolve();
    });
  });
  // An answer that cannot be sent is a lost answer; the server goes on.
  socket.on("error", () => {});
  socket.on("message", (bytes, from) => {
    const isAnswered = options.random(options.loss.denominator) >= options.loss.numerator;
    options.onMessage?.({ text: bytes.toString("utf8"), from: formatAddress(from), isAnswered });
    if (isAnswered) socket.send(upperCase(bytes), from.port, from.address, () => {});
  });
  const bound = socket.address();
  return {
    address: formatAddress(bound),
    port: bound.port,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

/** UTF-8 text in upper case; of any other bytes only the ASCII letters change, so that nothing else is damaged. */
export function upperCase(bytes: Buffer): Buffer {
  if (isUtf8(bytes)) return Buffer.from(bytes.toString("utf8").toUpperCase(), "utf8");
  return Buffer.from(bytes.map((byte) => (byte >= 0x61 && byte <= 0x7a ? byte - 0x20 : byte)));
}

function formatAddress({ address, port }: Pick<RemoteInfo, "address" | "port">): string {
  return isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`;
}

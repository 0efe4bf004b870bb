/**
 * What this kernel can do, found out by doing it on loopback rather than from version numbers. Probe once, at start;
 * a device on the real path may still refuse UDP_SEGMENT, which only a send there can tell.
 */
import { AF_INET } from "./constants.js";
import { openEpoll } from "./epoll.js";
import { errnoName } from "./errno.js";
import type { Libc } from "./libc.js";
import { type Arena, openArena } from "./memory.js";
import { createReceiveBatch } from "./receive-batch.js";
import { createSendBatch } from "./send-batch.js";
import { openUdpSocket, type SocketOption, type UdpSocket } from "./socket.js";
import { SyscallError } from "./syscall-error.js";

/** One answer; `reason` says how it was found, for a log line or a plane note. */
export interface Feature {
  readonly available: boolean;
  readonly reason: string;
}

export interface LinuxFeatures {
  /** Receiving bursts as one message. */
  readonly gro: Feature;
  /** Sending bursts as one message. */
  readonly segment: Feature;
  /** Most datagrams of one such send: 128 since Linux 6.9, 64 before, 1 without UDP_SEGMENT. */
  readonly maxSegments: number;
  /** The kernel's own count of datagrams that did not fit a socket's buffer. */
  readonly overflowCount: Feature;
}

const LOOPBACK = { words: [0, 0, 0xffff, 0x7f000001], scope: 0, port: 0 };

/** @throws SyscallError when not even a plain socket on loopback can be had. */
export function probeFeatures(libc: Libc): LinuxFeatures {
  const arena = openArena(libc, 256 * 1024);
  const receiver = openUdpSocket(libc, { family: AF_INET });
  const sender = openUdpSocket(libc, { family: AF_INET });
  try {
    receiver.bind(LOOPBACK);
    sender.connect(receiver.localAddress());
    const segment = probeLargest(arena, sender, receiver);
    return {
      segment,
      maxSegments: segment.count,
      gro: probeOption(receiver, "UDP_GRO"),
      overflowCount: probeOption(receiver, "SO_RXQ_OVFL"),
    };
  } finally {
    sender.close();
    receiver.close();
    arena.close();
  }
}

/** Kernels allow 64 or 128; 2 tells whether there is any. */
function probeLargest(arena: Arena, sender: UdpSocket, receiver: UdpSocket): Feature & { count: number } {
  for (const count of [128, 64]) {
    const probe = probeSegments(arena, sender, receiver, count);
    if (probe.available) return { ...probe, count };
  }
  const probe = probeSegments(arena, sender, receiver, 2);
  return { ...probe, count: probe.available ? 2 : 1 };
}

/** Sends `count` datagrams of one byte as one message and counts what arrives. */
function probeSegments(arena: Arena, sender: UdpSocket, receiver: UdpSocket, count: number): Feature {
  const outgoing = createSendBatch(arena, { messages: 1, iovecsPerMessage: 1 });
  outgoing.reset(0);
  outgoing.append(0, arena.allocate(count), count);
  outgoing.setSegmentSize(0, 1);
  const sent = outgoing.send(sender.fd, 0, 1);
  if (sent < 0) return { available: false, reason: `UDP_SEGMENT: sending ${count} gave ${errnoName(sent)}` };
  const received = countArrivals(arena, receiver, count);
  return {
    available: received === count,
    reason: `UDP_SEGMENT: of ${count} sent as one, ${received} arrived on loopback`,
  };
}

/** Loopback delivers at once unless the machine is busy: waits for the rest, but not for ever. */
function countArrivals(arena: Arena, receiver: UdpSocket, wanted: number): number {
  const incoming = createReceiveBatch(arena, { slots: wanted, bufferBytes: 16 });
  const epoll = openEpoll(arena, 1);
  try {
    epoll.add(receiver.fd, 0);
    let received = 0;
    while (received < wanted && epoll.wait(200) === 1) {
      received += Math.max(incoming.receive(receiver.fd, wanted), 0);
    }
    return received;
  } finally {
    epoll.close();
  }
}

function probeOption(socket: UdpSocket, option: SocketOption): Feature {
  try {
    socket.setOption(option, 1);
    return { available: true, reason: `${option}: the kernel took the option` };
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    return { available: false, reason: error.message };
  }
}

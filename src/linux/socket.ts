/**
 * UDP sockets with their options by name, for slow paths: every failure is a SyscallError that names the call, the
 * error and the address. The packet path uses the descriptor with mmsg.ts.
 */
import {
  AF_INET,
  AF_INET6,
  F_DUPFD_CLOEXEC,
  F_GETFL,
  F_SETFL,
  IP_PKTINFO,
  IP_RECVERR,
  IPV6_RECVERR,
  IPV6_RECVPKTINFO,
  IPV6_V6ONLY,
  O_NONBLOCK,
  SK_MEMINFO_DROPS,
  SK_MEMINFO_WORDS,
  SO_ERROR,
  SO_MEMINFO,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_REUSEPORT,
  SO_RXQ_OVFL,
  SO_SNDBUF,
  SO_SNDBUFFORCE,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOL_IP,
  SOL_IPV6,
  SOL_SOCKET,
  SOL_UDP,
  UDP_GRO,
  UDP_SEGMENT,
} from "./constants.js";
import { EBADF } from "./errno.js";
import type { Libc } from "./libc.js";
import {
  type AddressFamily,
  describeAddress,
  PORT_WORD,
  readSockaddr,
  SCOPE_WORD,
  SOCKADDR_SLOT_BYTES,
  SOCKADDR_WORDS,
  type SocketAddress,
  writeSockaddr,
} from "./sockaddr.js";
import { check, SyscallError } from "./syscall-error.js";

/** Level and number of the options that are a plain int, by the kernel's name; IPv6 sockets differ in some. */
const OPTIONS = {
  SO_ERROR: [SOL_SOCKET, SO_ERROR],
  SO_REUSEPORT: [SOL_SOCKET, SO_REUSEPORT],
  SO_RCVBUF: [SOL_SOCKET, SO_RCVBUF],
  SO_RCVBUFFORCE: [SOL_SOCKET, SO_RCVBUFFORCE],
  SO_SNDBUF: [SOL_SOCKET, SO_SNDBUF],
  SO_SNDBUFFORCE: [SOL_SOCKET, SO_SNDBUFFORCE],
  SO_RXQ_OVFL: [SOL_SOCKET, SO_RXQ_OVFL],
  IP_PKTINFO: [SOL_IP, IP_PKTINFO],
  IP_RECVERR: [SOL_IP, IP_RECVERR],
  IPV6_RECVPKTINFO: [SOL_IPV6, IPV6_RECVPKTINFO],
  IPV6_RECVERR: [SOL_IPV6, IPV6_RECVERR],
  IPV6_V6ONLY: [SOL_IPV6, IPV6_V6ONLY],
  UDP_GRO: [SOL_UDP, UDP_GRO],
  UDP_SEGMENT: [SOL_UDP, UDP_SEGMENT],
} as const;

export type SocketOption = keyof typeof OPTIONS;

/** Options default to off, buffers to the system's own size. */
export interface UdpSocketOptions {
  readonly family: AddressFamily;
  /** Calls answer -EAGAIN instead of waiting. Default true. */
  readonly nonBlocking?: boolean;
  /** SO_REUSEPORT: several sockets share the address, the kernel spreads flows over them. */
  readonly reusePort?: boolean;
  /** Only for AF_INET6: IPV6_V6ONLY. Always set to what is asked, whatever the system's default. */
  readonly ipv6Only?: boolean;
  /** Bytes of kernel buffer to ask for, beyond the system's limit where privileges allow. */
  readonly receiveBufferBytes?: number;
  readonly sendBufferBytes?: number;
  /** SO_RXQ_OVFL: each message carries how many datagrams the kernel dropped here so far. */
  readonly countOverflow?: boolean;
  /** UDP_GRO: a burst arrives as one message. Receive buffers must then hold 64 KiB. */
  readonly gro?: boolean;
  /** IP_PKTINFO, IPV6_RECVPKTINFO: each message carries the local address to answer from. */
  readonly packetInfo?: boolean;
  /** IP_RECVERR or IPV6_RECVERR: ICMP errors reach unconnected sockets too, and the error queue. */
  readonly receiveErrors?: boolean;
}

/** Opens a UDP socket and sets its options; on failure nothing stays open. @throws SyscallError */
export function openUdpSocket(libc: Libc, options: UdpSocketOptions): UdpSocket {
  const type = SOCK_DGRAM | SOCK_CLOEXEC | (options.nonBlocking === false ? 0 : SOCK_NONBLOCK);
  const fd = check(libc.socket(options.family, type, 0), "socket");
  const socket = new UdpSocket(libc, fd, options.family);
  try {
    applyOptions(socket, options);
  } catch (error) {
    socket.close();
    throw error;
  }
  return socket;
}

/**
 * A UDP socket on a copy of a descriptor that is bound already, with these options but for IPV6_V6ONLY and SO_REUSEPORT, which
 * a bound socket cannot change to any use. The descriptor itself stays the caller's. @throws SyscallError
 */
export function adoptUdpSocket(libc: Libc, fd: number, options: UdpSocketOptions): UdpSocket {
  const copy = check(libc.fcntl(fd, F_DUPFD_CLOEXEC, 0), "fcntl", `descriptor ${fd}`);
  const socket = new UdpSocket(libc, copy, options.family);
  try {
    if (options.nonBlocking !== false) {
      const flags = check(libc.fcntl(copy, F_GETFL, 0), "fcntl");
      check(libc.fcntl(copy, F_SETFL, flags | O_NONBLOCK), "fcntl");
    }
    applySettings(socket, options);
    return socket;
  } catch (error) {
    socket.close();
    throw error;
  }
}

function applyOptions(socket: UdpSocket, options: UdpSocketOptions): void {
  const six = options.family === AF_INET6;
  if (six) socket.setOption("IPV6_V6ONLY", options.ipv6Only ? 1 : 0);
  if (options.reusePort) socket.setOption("SO_REUSEPORT", 1);
  applySettings(socket, options);
}

/** What may change at any time. */
function applySettings(socket: UdpSocket, options: UdpSocketOptions): void {
  const six = options.family === AF_INET6;
  if (options.countOverflow) socket.setOption("SO_RXQ_OVFL", 1);
  if (options.gro) socket.setOption("UDP_GRO", 1);
  // An IPv6 socket that takes IPv4 as well: only in_pktinfo knows what to answer a broadcast from.
  if (options.packetInfo && (!six || !options.ipv6Only)) socket.setOption("IP_PKTINFO", 1);
  if (options.packetInfo && six) socket.setOption("IPV6_RECVPKTINFO", 1);
  if (options.receiveErrors) socket.setOption(six ? "IPV6_RECVERR" : "IP_RECVERR", 1);
  if (options.receiveBufferBytes) socket.setReceiveBuffer(options.receiveBufferBytes);
  if (options.sendBufferBytes) socket.setSendBuffer(options.sendBufferBytes);
}

/** One UDP socket: a descriptor that it owns until `close`. */
export class UdpSocket {
  readonly libc: Libc;
  readonly family: AddressFamily;
  #fd: number;

  constructor(libc: Libc, fd: number, family: AddressFamily) {
    this.libc = libc;
    this.family = family;
    this.#fd = fd;
  }

  /** The descriptor; -1 once closed. */
  get fd(): number {
    return this.#fd;
  }

  bind(address: SocketAddress): void {
    this.#withAddress("bind", address, (bytes) => this.libc.bind(this.#fd, bytes, bytes.length));
  }

  /** From then on only datagrams of that address arrive, and its ICMP errors come as errors of the next call. */
  connect(address: SocketAddress): void {
    this.#withAddress("connect", address, (bytes) => this.libc.connect(this.#fd, bytes, bytes.length));
  }

  /** The address really bound. */
  localAddress(): SocketAddress {
    const views = createViews();
    const length = Uint32Array.of(SOCKADDR_SLOT_BYTES);
    check(this.libc.getsockname(this.#fd, views.u8, length), "getsockname");
    const out = new Uint32Array(SOCKADDR_WORDS);
    if (!readSockaddr(views, 0, length[0], out, 0)) throw new SyscallError("getsockname", -EBADF);
    return { words: out.slice(0, 4), scope: out[SCOPE_WORD], port: out[PORT_WORD] };
  }

  setOption(name: SocketOption, value: number): void {
    check(this.trySetOption(name, value), `setsockopt ${name}`);
  }

  /** 0, or `-errno`. */
  trySetOption(name: SocketOption, value: number): number {
    const [level, number] = OPTIONS[name];
    return this.libc.setsockopt(this.#fd, level, number, Int32Array.of(value), 4);
  }

  getOption(name: SocketOption): number {
    const [level, number] = OPTIONS[name];
    const value = new Int32Array(1);
    check(this.libc.getsockopt(this.#fd, level, number, value, Uint32Array.of(4)), `getsockopt ${name}`);
    return value[0];
  }

  /** Datagrams that the kernel has dropped on it so far, as SO_RXQ_OVFL counts; 0 where it does not say. */
  drops(): number {
    const words = new Uint32Array(SK_MEMINFO_WORDS);
    const length = Uint32Array.of(words.byteLength);
    const result = this.libc.getsockopt(this.#fd, SOL_SOCKET, SO_MEMINFO, words, length);
    return result < 0 ? 0 : words[SK_MEMINFO_DROPS];
  }

  /** Asks for `bytes` of receive buffer: past net.core.rmem_max with CAP_NET_ADMIN, else up to it. */
  setReceiveBuffer(bytes: number): void {
    if (this.trySetOption("SO_RCVBUFFORCE", bytes) < 0) this.setOption("SO_RCVBUF", bytes);
  }

  /** Asks for `bytes` of send buffer: past net.core.wmem_max with CAP_NET_ADMIN, else up to it. */
  setSendBuffer(bytes: number): void {
    if (this.trySetOption("SO_SNDBUFFORCE", bytes) < 0) this.setOption("SO_SNDBUF", bytes);
  }

  /** Idempotent. */
  close(): void {
    if (this.#fd < 0) return;
    const fd = this.#fd;
    this.#fd = -1;
    check(this.libc.close(fd), "close");
  }

  #withAddress(call: string, address: SocketAddress, run: (bytes: Uint8Array) => number): void {
    const views = createViews();
    const length = writeSockaddr(views, 0, address.words, 0, address.scope, address.port, this.family);
    if (length === 0) {
      throw new RangeError(`${call}: ${describeAddress(address)} is not an address for an IPv4 socket`);
    }
    check(run(views.u8.subarray(0, length)), call, describeAddress(address));
  }
}

/** The family of socket that an address needs. */
export function addressFamily(address: SocketAddress): AddressFamily {
  const { words } = address;
  return words[0] === 0 && words[1] === 0 && words[2] === 0xffff ? AF_INET : AF_INET6;
}

function createViews() {
  const buffer = new ArrayBuffer(SOCKADDR_SLOT_BYTES);
  return { u8: new Uint8Array(buffer), u16: new Uint16Array(buffer), u32: new Uint32Array(buffer) };
}

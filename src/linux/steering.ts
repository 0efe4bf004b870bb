/**
 * Which socket of an SO_REUSEPORT group gets a datagram. The kernel's own choice hashes address and port of the client; with
 * a small classic BPF program it looks only at the client's masked address, so that all its ports meet on one socket
 * (socket(7), SO_ATTACH_REUSEPORT_CBPF; instructions as in linux/bpf_common.h).
 */
import { openArena, writePointer } from "./memory.js";
import type { UdpSocket } from "./socket.js";
import { check } from "./syscall-error.js";

const SOL_SOCKET = 1;
const SO_ATTACH_REUSEPORT_CBPF = 51;
const SO_DETACH_REUSEPORT_BPF = 68;

/** Loads relative to the network header: SKF_NET_OFF. */
const NETWORK = -0x100000;
const LOAD_WORD = 0x20; // BPF_LD | BPF_W | BPF_ABS
const LOAD_BYTE = 0x30; // BPF_LD | BPF_B | BPF_ABS
const AND = 0x54;
const MULTIPLY = 0x24;
const SHIFT_RIGHT = 0x74;
const MODULO = 0x94;
const XOR_INDEX = 0xac; // BPF_ALU | BPF_XOR | BPF_X
const JUMP_EQUAL = 0x15;
const TO_INDEX = 0x07; // BPF_MISC | BPF_TAX
const JUMP = 0x05;
const RETURN_A = 0x16;

const IPV4_SOURCE = 12;
const IPV6_SOURCE = 8;
const SPREAD = 0x9e37_79b1;

type Instruction = readonly [code: number, k: number, whenTrue?: number, whenFalse?: number];

/**
 * Steers by the client's address under these prefixes, over `sockets` sockets in the order of their binding. Attached to one
 * socket it holds for the whole group. @throws SyscallError
 */
export function steerByAddress(socket: UdpSocket, sockets: number, prefix4: number, prefix6: number): void {
  const program = createProgram(sockets, prefix4, prefix6);
  const arena = openArena(socket.libc, 16 + program.length * 8);
  try {
    const header = arena.allocate(16) >> 2; // struct sock_fprog: u16 length, pointer at 8
    const filter = arena.allocate(program.length * 8, 8);
    arena.u32[header] = program.length;
    writePointer(arena.u32, header + 2, arena.address + filter);
    program.forEach(([code, k, whenTrue = 0, whenFalse = 0], i) => {
      arena.u32[(filter >> 2) + 2 * i] = code | (whenTrue << 16) | (whenFalse << 24);
      arena.u32[(filter >> 2) + 2 * i + 1] = k;
    });
    const address = arena.address + header * 4;
    check(
      socket.libc.setsockopt(socket.fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, address, 16),
      "setsockopt SO_ATTACH_REUSEPORT_CBPF",
    );
  } finally {
    arena.close();
  }
}

/** Leaves the choice to the kernel again. Without a program attached, nothing happens. */
export function steerByFlow(socket: UdpSocket): void {
  socket.libc.setsockopt(socket.fd, SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, Int32Array.of(0), 4);
}

function createProgram(sockets: number, prefix4: number, prefix6: number): Instruction[] {
  const six: Instruction[] = [];
  for (let word = 0; word < 4; word++) {
    six.push([LOAD_WORD, NETWORK + IPV6_SOURCE + 4 * word], [AND, maskOf(prefix6 - 32 * word)]);
    if (word > 0) six.push([XOR_INDEX, 0]);
    six.push([MULTIPLY, SPREAD]);
    if (word < 3) six.push([TO_INDEX, 0]);
  }
  const four: Instruction[] = [
    [LOAD_WORD, NETWORK + IPV4_SOURCE],
    [AND, maskOf(prefix4)],
    [MULTIPLY, SPREAD],
  ];
  return [
    [LOAD_BYTE, NETWORK],
    [SHIFT_RIGHT, 4],
    [JUMP_EQUAL, 4, six.length + 1, 0],
    ...six,
    // IPv6 is done: over the three instructions for IPv4.
    [JUMP, four.length],
    ...four,
    [SHIFT_RIGHT, 16],
    [MODULO, sockets],
    [RETURN_A, 0],
  ];
}

/** The mask of one word that `bits` of a prefix reach into. */
function maskOf(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? 0xffff_ffff : (0xffff_ffff << (32 - bits)) >>> 0;
}

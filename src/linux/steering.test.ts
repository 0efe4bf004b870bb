import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AF_INET, AF_INET6 } from "./constants.js";
import { loadLibc } from "./libc.js";
import { openUdpSocket, type UdpSocket } from "./socket.js";
import { steerByAddress, steerByFlow } from "./steering.js";

const SOCKETS = 3;
const skip = process.platform === "linux" ? false : "needs Linux";

describe("steerByAddress", { skip }, () => {
  it("brings all ports of an address to one socket, and spreads addresses", () => {
    const group = openGroup(AF_INET, [0, 0, 0xffff, 0x7f000001]);
    try {
      steerByAddress(group[0], SOCKETS, 32, 128);
      const homes = [1, 2, 3, 4, 5, 6, 7, 8].map((ip) =>
        homesOf(group, AF_INET, [0, 0, 0xffff, 0x7f000900 + ip]),
      );
      assert.deepEqual(
        homes.map(({ size }) => size),
        homes.map(() => 1),
      );
      assert.ok(new Set(homes.flatMap((home) => [...home])).size > 1);
    } finally {
      for (const socket of group) socket.close();
    }
  });

  it("masks the address", () => {
    const group = openGroup(AF_INET, [0, 0, 0xffff, 0x7f000001]);
    try {
      steerByAddress(group[0], SOCKETS, 24, 128);
      const homes = [1, 2, 3, 200].flatMap((ip) => [
        ...homesOf(group, AF_INET, [0, 0, 0xffff, 0x7f000900 + ip]),
      ]);
      assert.equal(new Set(homes).size, 1);
    } finally {
      for (const socket of group) socket.close();
    }
  });

  it("works for IPv6, and is undone by steerByFlow", () => {
    const group = openGroup(AF_INET6, [0, 0, 0, 1]);
    try {
      steerByAddress(group[0], SOCKETS, 32, 64);
      assert.equal(homesOf(group, AF_INET6, [0, 0, 0, 1]).size, 1);
      steerByFlow(group[0]);
      assert.ok(homesOf(group, AF_INET6, [0, 0, 0, 1]).size > 1);
    } finally {
      for (const socket of group) socket.close();
    }
  });
});

/** Sockets that share one address. */
function openGroup(family: typeof AF_INET | typeof AF_INET6, words: number[]): UdpSocket[] {
  const libc = loadLibc();
  const first = openUdpSocket(libc, { family, reusePort: true });
  first.bind({ words, scope: 0, port: 0 });
  const address = first.localAddress();
  const others = Array.from({ length: SOCKETS - 1 }, () => openUdpSocket(libc, { family, reusePort: true }));
  for (const socket of others) socket.bind(address);
  return [first, ...others];
}

/** The sockets of the group that datagrams from 24 ports of an address come to. */
function homesOf(group: UdpSocket[], family: typeof AF_INET | typeof AF_INET6, words: number[]): Set<number> {
  const { libc } = group[0];
  const homes = new Set<number>();
  for (let port = 0; port < 24; port++) {
    const client = openUdpSocket(libc, { family });
    client.bind({ words, scope: 0, port: 0 });
    client.connect(group[0].localAddress());
    assert.equal(libc.write(client.fd, Uint8Array.of(port), 1), 1);
    client.close();
    group.forEach((socket, index) => {
      if (libc.read(socket.fd, new Uint8Array(8), 8) === 1) homes.add(index);
    });
  }
  return homes;
}

import assert from "node:assert/strict";
import { test } from "node:test";
import { AF_INET, AF_INET6 } from "./constants.js";
import { allowedCpus, pinThread } from "./cpu.js";
import { openEpoll } from "./epoll.js";
import { EBADF } from "./errno.js";
import { openEventFd } from "./event-fd.js";
import { probeFeatures } from "./features.js";
import { loadLibc } from "./libc.js";
import { raiseDescriptorLimit } from "./limits.js";
import { openArena } from "./memory.js";
import { addressFamily, openUdpSocket } from "./socket.js";

const skip = process.platform === "linux" ? false : "needs Linux";
const LOCALHOST = { words: [0, 0, 0xffff, 0x7f000001], scope: 0, port: 0 };

test("openUdpSocket: sets every option that it names", { skip }, () => {
  const all = {
    reusePort: true,
    countOverflow: true,
    gro: true,
    packetInfo: true,
    receiveErrors: true,
  } as const;
  const sizes = { receiveBufferBytes: 100_000, sendBufferBytes: 50_000 };
  const four = openUdpSocket(loadLibc(), { family: AF_INET, ...all, ...sizes });
  for (const name of ["SO_REUSEPORT", "SO_RXQ_OVFL", "UDP_GRO", "IP_PKTINFO", "IP_RECVERR"] as const) {
    assert.equal(four.getOption(name), 1, name);
  }
  assert.equal(four.getOption("SO_RCVBUF"), 200_000); // the kernel doubles it for its own overhead: socket(7)
  assert.equal(four.getOption("SO_SNDBUF"), 100_000);
  four.close();
  const six = openUdpSocket(loadLibc(), { family: AF_INET6, ipv6Only: true, ...all });
  for (const name of ["IPV6_RECVPKTINFO", "IPV6_RECVERR", "IPV6_V6ONLY"] as const) {
    assert.equal(six.getOption(name), 1, name);
  }
  six.close();
});

test("UdpSocket.bind: a second socket needs reusePort, and the error says so", { skip }, () => {
  const libc = loadLibc();
  const first = openUdpSocket(libc, { family: AF_INET, reusePort: true });
  first.bind(LOCALHOST);
  const address = first.localAddress();
  assert.deepEqual([...Array.from(address.words), address.scope], [...LOCALHOST.words, 0]);
  assert.ok(address.port > 0);
  const second = openUdpSocket(libc, { family: AF_INET, reusePort: true });
  second.bind(address);
  const third = openUdpSocket(libc, { family: AF_INET });
  const message = `bind of 127.0.0.1:${address.port} failed: EADDRINUSE (address already in use)`;
  assert.throws(() => third.bind(address), { code: "EADDRINUSE", errnoName: "EADDRINUSE", message });
  for (const socket of [first, second, third]) socket.close();
});

test("UdpSocket.bind: an IPv4 socket refuses an IPv6 address before the kernel does", { skip }, () => {
  const socket = openUdpSocket(loadLibc(), { family: AF_INET });
  assert.throws(
    () => socket.bind({ words: [0, 0, 0, 1], scope: 0, port: 0 }),
    /not an address for an IPv4 socket/,
  );
  socket.close();
});

test("UdpSocket.close: is idempotent, and calls after it fail", { skip }, () => {
  const socket = openUdpSocket(loadLibc(), { family: AF_INET });
  socket.close();
  socket.close();
  assert.equal(socket.fd, -1);
  assert.equal(socket.trySetOption("UDP_GRO", 1), -EBADF);
});

test("addressFamily: mapped addresses are IPv4", () => {
  assert.equal(addressFamily(LOCALHOST), AF_INET);
  assert.equal(addressFamily({ words: [0, 0, 0, 1], scope: 0, port: 0 }), AF_INET6);
});

test("Epoll and EventFd: a signal wakes the set with its own data until it is cleared", { skip }, () => {
  const libc = loadLibc();
  const arena = openArena(libc, 4096);
  const epoll = openEpoll(arena, 4);
  const [one, two] = [openEventFd(libc), openEventFd(libc)];
  assert.equal(epoll.add(one.fd, 0xffff_fff0), 0);
  assert.equal(epoll.add(two.fd, 7), 0);
  assert.equal(epoll.wait(0), 0);
  one.signal();
  one.signal();
  assert.equal(epoll.wait(1000), 1);
  assert.equal(epoll.data(0), 0xffff_fff0);
  assert.equal(epoll.events(0), 1);
  two.signal();
  assert.equal(epoll.wait(1000), 2);
  assert.deepEqual([epoll.data(0), epoll.data(1)].sort(), [0xffff_fff0, 7].sort());
  assert.equal(one.clear(), true);
  assert.equal(one.clear(), false);
  assert.equal(epoll.wait(0), 1);
  assert.equal(epoll.remove(two.fd), 0);
  assert.equal(epoll.wait(0), 0);
  assert.equal(epoll.add(-1, 0), -EBADF);
  for (const open of [one, two, epoll]) open.close();
  arena.close();
});

test("Epoll.waitNs: waits for less than a millisecond, and for more than a second's worth of nanoseconds", {
  skip,
}, () => {
  const libc = loadLibc();
  const arena = openArena(libc, 4096);
  const epoll = openEpoll(arena, 4);
  libc.setTimerSlack(1);
  const times = Array.from({ length: 20 }, () => {
    const start = performance.now();
    assert.equal(epoll.waitNs(200_000), 0);
    return performance.now() - start;
  });
  assert.ok(Math.min(...times) >= 0.19, `${times}`);
  const event = openEventFd(libc);
  epoll.add(event.fd, 1);
  event.signal();
  assert.equal(epoll.waitNs(5e9), 1);
  for (const open of [event, epoll]) open.close();
  arena.close();
});

test("pinThread: keeps the thread on that CPU alone, and refuses one that is not there", { skip }, () => {
  const libc = loadLibc();
  const before = allowedCpus(libc);
  assert.ok(before.length >= 1);
  const last = before[before.length - 1];
  pinThread(libc, last);
  assert.deepEqual(allowedCpus(libc), [last]);
  assert.throws(() => pinThread(libc, 8000), { errnoName: "EINVAL" });
});

test("raiseDescriptorLimit: answers the limit in force", { skip }, () => {
  const limit = raiseDescriptorLimit(loadLibc());
  assert.ok(limit >= 256 && (Number.isSafeInteger(limit) || limit === Number.POSITIVE_INFINITY), `${limit}`);
});

test("probeFeatures: every answer has a reason, and the number of segments fits it", { skip }, () => {
  const features = probeFeatures(loadLibc());
  for (const feature of [features.gro, features.segment, features.overflowCount]) {
    assert.ok(feature.reason.length > 10, feature.reason);
  }
  assert.equal(features.segment.available, features.maxSegments > 1);
});

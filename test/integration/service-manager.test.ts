/** `sluice run` under a service manager: what it tells it, the sockets that it gets, the user that it becomes. */
import assert from "node:assert/strict";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { AF_INET, AF_INET6, AF_UNIX, SOCK_CLOEXEC, SOCK_DGRAM, SOCK_NONBLOCK } from "#src/linux/constants.js";
import { loadLibc } from "#src/linux/libc.js";
import { writeUnixAddress } from "#src/linux/notify-socket.js";
import { openUdpSocket, type UdpSocketOptions } from "#src/linux/socket.js";
import { check } from "#src/linux/syscall-error.js";
import { openBackend } from "../support/backends.js";
import { freePrivilegedPorts } from "../support/free-ports.js";
import { RunningCli } from "../support/run-cli.js";
import { createTemporaryFolder } from "../support/temporary-folder.js";
import { UdpPeer } from "../support/udp-peer.js";
import { eventually } from "../support/waiting.js";

const onLinux = { skip: process.platform === "linux" ? false : "needs Linux" };
const asRoot = {
  skip: process.platform === "linux" && process.getuid?.() === 0 ? false : "needs to be root on Linux",
};

/** The manager's end of NOTIFY_SOCKET: every message that came, in order. */
function openManager(t: TestContext) {
  const path = join(
    createTemporaryFolder((remove) => t.after(remove)),
    "notify",
  );
  const libc = loadLibc();
  const fd = check(libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "socket");
  t.after(() => libc.close(fd));
  const address = writeUnixAddress(path);
  check(libc.bind(fd, address, address.length), "bind");
  const messages: string[] = [];
  const bytes = Buffer.alloc(4096);
  const look = () => {
    for (let n = libc.read(fd, bytes, bytes.length); n > 0; n = libc.read(fd, bytes, bytes.length)) {
      messages.push(bytes.subarray(0, n).toString());
    }
    return messages;
  };
  /** Messages of somebody else, until no more fit. */
  const fill = () => {
    const other = check(libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "socket");
    const text = Buffer.from("of another service");
    while (libc.sendto(other, text, text.length, 0, address, address.length) > 0);
    libc.close(other);
  };
  return { env: { NOTIFY_SOCKET: path }, messages: look, fill };
}

/** A bound socket of this process and its port; it stays open as the manager's does. */
function openBound(
  t: TestContext,
  ip: "127.0.0.1" | "0.0.0.0" | "::1",
  options: Partial<UdpSocketOptions> = {},
) {
  const words = {
    "127.0.0.1": [0, 0, 0xffff, 0x7f000001],
    "0.0.0.0": [0, 0, 0xffff, 0],
    "::1": [0, 0, 0, 1],
  };
  const family = ip === "::1" ? AF_INET6 : AF_INET;
  const socket = openUdpSocket(loadLibc(), { family, ...options });
  t.after(() => socket.close());
  socket.bind({ words: words[ip], scope: 0, port: 0 });
  return { fd: socket.fd, port: socket.localAddress().port };
}

test("sluice run: tells the manager when it is ready, reloads and stops", onLinux, async (t) => {
  const manager = openManager(t);
  const backend = await openBackend(t, "a");
  const file = join(
    createTemporaryFolder((remove) => t.after(remove)),
    "sluice.yaml",
  );
  const config = `listeners: [{ address: "127.0.0.1:0" }]\npools: [{ backends: ["${backend.address}"] }]\n`;
  writeFileSync(file, config);
  const cli = new RunningCli(t, [file], { env: { ...manager.env, WATCHDOG_USEC: "60000" } });
  const others = () => manager.messages().filter((message) => message !== "WATCHDOG=1");
  await cli.ready();
  await eventually(() => assert.match(others()[0] ?? "", /^READY=1\nSTATUS=serving 127\.0\.0\.1:\d+ on/));
  await eventually(() => assert.ok(manager.messages().filter((m) => m === "WATCHDOG=1").length >= 3));

  const beforeUs = process.hrtime.bigint() / 1000n;
  for (const [round, text] of [config, "listeners: broken"].entries()) {
    writeFileSync(file, text);
    cli.signal("SIGHUP");
    await eventually(() => assert.equal(others().length, 3 + 2 * round));
    const [begin = "", end = ""] = others().slice(-2);
    const us = /^RELOADING=1\nMONOTONIC_USEC=(\d+)\n/.exec(begin)?.[1];
    assert.ok(
      us !== undefined && BigInt(us) >= beforeUs && BigInt(us) <= process.hrtime.bigint() / 1000n,
      begin,
    );
    assert.match(end, /^READY=1\n/);
  }
  cli.signal("SIGTERM");
  assert.equal((await cli.ended()).code, 0);
  assert.match(others().at(-1) ?? "", /^STOPPING=1\n/);
});

test("sluice run: a manager that is busy hears of everything once it reads", onLinux, async (t) => {
  const manager = openManager(t);
  manager.fill();
  const args = ["--listen", "127.0.0.1:0", "--backend", "127.0.0.1:9"];
  const cli = new RunningCli(t, args, { env: { ...manager.env, WATCHDOG_USEC: "20000" } });
  await cli.ready();
  cli.signal("SIGHUP");
  await cli.waitForLog("nothing to reload: flags describe the config, not a file");
  await eventually(() => assert.ok(manager.messages().some((message) => message.startsWith("READY=1\n"))));
});

for (const plane of ["portable", "batched"] as const) {
  for (const ip of ["127.0.0.1", "::1", "0.0.0.0"] as const) {
    test(`sluice run, ${plane} plane: serves a passed socket on ${ip}`, onLinux, async (t) => {
      const { fd, port } = openBound(t, ip);
      const backend = await openBackend(t, "a");
      const to = ip === "::1" ? `[::1]:${port}` : `127.0.0.1:${port}`;
      const client = await UdpPeer.open(t, { ip: ip === "::1" ? "::1" : "127.0.0.1" });
      client.send("early", to); // waits in the socket: whoever opens it again would lose this
      const listen = ip === "::1" ? to : `${ip}:${port}`;
      const args = ["--listen", listen, "--backend", backend.address, "--plane", plane, "--workers", "2"];
      const cli = new RunningCli(t, args, { env: { LISTEN_FDS: "1", LISTEN_FDNAMES: "main" }, fds: [fd] });
      assert.deepEqual(await cli.ready(), [port]);
      assert.equal((await client.receive()).text, "a:early");
      client.send("late", to);
      const reply = await client.receive();
      assert.deepEqual([reply.text, reply.from], ["a:late", to]);
      cli.signal("SIGTERM");
      await cli.ended();
    });
  }
}

test(
  "sluice run: several workers join a passed socket with SO_REUSEPORT, and lose nobody",
  onLinux,
  async (t) => {
    const { fd, port } = openBound(t, "127.0.0.1", { reusePort: true });
    const backend = await openBackend(t, "a");
    const args = [
      "--listen",
      `127.0.0.1:${port}`,
      "--backend",
      backend.address,
      "--plane",
      "batched",
      "--workers",
      "3",
    ];
    const cli = new RunningCli(t, args, { env: { LISTEN_FDS: "1" }, fds: [fd] });
    await cli.ready();
    const table = readFileSync("/proc/net/udp", "latin1");
    const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, "0")}`;
    assert.equal(table.split(local).length - 1, 3);
    const clients = await Promise.all(Array.from({ length: 24 }, () => UdpPeer.open(t)));
    for (const [n, client] of clients.entries()) client.send(String(n), `127.0.0.1:${port}`);
    for (const [n, client] of clients.entries()) assert.equal((await client.receive()).text, `a:${n}`);
  },
);

test(
  "sluice run: a passed socket that no listener wants is told, and a reload can have it",
  onLinux,
  async (t) => {
    const { fd, port } = openBound(t, "127.0.0.1");
    const backend = await openBackend(t, "a");
    const file = join(
      createTemporaryFolder((remove) => t.after(remove)),
      "sluice.yaml",
    );
    const write = (listen: string) =>
      writeFileSync(
        file,
        `listeners: [{ address: "${listen}" }]\npools: [{ backends: ["${backend.address}"] }]\n`,
      );
    write("127.0.0.1:0");
    const cli = new RunningCli(t, [file], { env: { LISTEN_FDS: "1" }, fds: [fd] });
    await cli.ready();
    const { address } = await cli.waitForLog("no listener has the passed socket's address");
    assert.equal(address, `127.0.0.1:${port}`);
    write(`127.0.0.1:${port}`);
    cli.signal("SIGHUP");
    await cli.waitForLog("reloaded");
    const client = await UdpPeer.open(t);
    client.send("x", `127.0.0.1:${port}`);
    assert.equal((await client.receive()).text, "a:x");
  },
);

for (const plane of ["portable", "batched"]) {
  test(`sluice run --user, ${plane} plane: gives up root once it listens`, asRoot, async (t) => {
    const backend = await openBackend(t, "a");
    const folder = createTemporaryFolder((remove) => t.after(remove));
    chmodSync(folder, 0o755); // who it becomes must be able to read the file
    const file = join(folder, "sluice.yaml");
    const write = (listeners: string[]) =>
      writeFileSync(
        file,
        `listeners: [${listeners.map((address, n) => `{ name: l${n}, address: "${address}" }`)}]\n` +
          `pools: [{ backends: ["${backend.address}"] }]\n`,
      );
    const [privileged, other] = (await freePrivilegedPorts(2)).map((port) => `127.0.0.1:${port}`);
    write([privileged]);
    const cli = new RunningCli(t, [file, "--user", "nobody", "--plane", plane]);
    await cli.ready();
    const status = readFileSync(`/proc/${cli.pid}/status`, "utf8");
    const [uid = "", gid = "", groups = ""] = ["Uid", "Gid", "Groups"].map(
      (field) => new RegExp(`^${field}:\\s*(.*)$`, "m").exec(status)?.[1]?.trim() ?? "",
    );
    for (const ids of [uid, gid]) assert.ok(!ids.split(/\s+/).includes("0"), status);
    assert.ok(!groups.split(" ").includes("0"), groups);
    assert.match(status, /^CapEff:\s*0+$/m);
    const client = await UdpPeer.open(t);
    client.send("x", privileged);
    assert.equal((await client.receive()).text, "a:x");

    write([privileged, other]);
    cli.signal("SIGHUP");
    const { msg } = await cli.waitFor("a refusal", () => cli.log.find(({ level }) => level === "error"));
    assert.ok(msg.includes(`cannot listen on ${other}: permission denied; ports below 1024 need root`), msg);
    client.send("y", privileged);
    assert.equal((await client.receive()).text, "a:y");
  });
}

test("sluice run --user: refuses a user that does not exist", onLinux, async (t) => {
  const args = ["--listen", "127.0.0.1:0", "--backend", "127.0.0.1:9", "--user", "no-such-user-here"];
  const cli = new RunningCli(t, args);
  assert.equal((await cli.ended()).code, 1);
  assert.match(cli.log.at(-1)?.msg ?? "", /cannot run as no-such-user-here: no such user/);
});

test(
  "sluice run --user: an upgrade keeps a port below 1024 that the user could not open",
  asRoot,
  async (t) => {
    const backend = await openBackend(t, "a");
    const [port] = await freePrivilegedPorts(1);
    const cli = new RunningCli(t, [
      ...["--listen", `127.0.0.1:${port}`, "--backend", backend.address, "--user", "nobody", "--grace", "1s"],
    ]);
    await cli.ready();
    cli.signal("SIGUSR2");
    const { newPid } = await cli.waitForLog(
      "upgraded: the new process receives; this one delivers replies under way",
    );
    try {
      // Its ports rest for as long as replies may come, unless it is told to stop.
      cli.signal("SIGTERM");
      await cli.waitForLog("stopped");
      const client = await UdpPeer.open(t);
      client.send("x", `127.0.0.1:${port}`);
      assert.equal((await client.receive()).text, "a:x");
    } finally {
      // It holds the log's other end, for which the end of the test waits.
      process.kill(newPid as number, "SIGKILL");
    }
  },
);

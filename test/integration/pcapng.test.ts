/** Capture files, as tshark reads them. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { buffer as readBytes } from "node:stream/consumers";
import { after, test } from "node:test";
import { openRequest } from "#src/admin/admin-rig.testing.js";
import { PcapngWriter } from "#src/admin/pcapng.js";
import type { TappedDatagram } from "#src/api.js";
import { startBalancer } from "#src/balancer.js";
import { openBackend } from "../support/backends.js";
import { needs } from "../support/needs.js";
import { runProgram } from "../support/run-cli.js";
import { createTemporaryFolder } from "../support/temporary-folder.js";
import { UdpPeer } from "../support/udp-peer.js";
import { within } from "../support/waiting.js";

const folder = createTemporaryFolder((remove) => after(remove));

function build(overrides: Partial<TappedDatagram>): TappedDatagram {
  const payload = overrides.payload ?? Buffer.from("payload");
  return {
    ...{
      atMs: 1_700_000_000_123.456,
      direction: "request",
      client: "192.0.2.9:5000",
      local: "198.51.100.1:9053",
    },
    ...{ listener: "dns", backend: "web/a", length: payload.length, missed: 0 },
    ...overrides,
    payload,
  };
}

/** What tshark says of each packet: one row of the fields that are asked for. */
async function readFields(file: string, ...fields: string[]): Promise<string[][]> {
  const checks = ["-o", "udp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"];
  const args = ["-n", "-r", file, ...checks, "-T", "fields", "-E", "separator=|"];
  const { code, stdout, stderr } = await runProgram("tshark", [
    ...args,
    ...fields.flatMap((field) => ["-e", field]),
  ]);
  assert.equal(code, 0, stderr);
  assert.doesNotMatch(stderr, /malformed|cut short|damaged/i);
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.split("|"));
}

test(
  "tshark reads every packet: addresses, ports, times, directions, checksums, comments",
  needs("tshark"),
  async () => {
    const writer = new PcapngWriter("sluice test", 65_535);
    const blocks = [
      writer.section(),
      writer.datagram(build({})),
      writer.datagram(build({ direction: "reply", payload: Buffer.alloc(65_507, 7), missed: 3 })),
      writer.datagram(build({ listener: "six", client: "[2001:db8::9]:5000", local: "[2001:db8::1]:9053" })),
      writer.datagram(
        build({
          listener: "six",
          client: "[2001:db8::9]:5000",
          local: "[::]:9053",
          payload: Buffer.alloc(0),
        }),
      ),
      writer.statistics(1_700_000_001_000),
    ];
    const file = join(folder, "whole.pcapng");
    writeFileSync(file, Buffer.concat(blocks));
    const rows = await readFields(
      file,
      ...["ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "udp.srcport", "udp.dstport", "udp.length"],
      ...[
        "ip.checksum.status",
        "udp.checksum.status",
        "frame.time_epoch",
        "frame.interface_name",
        "frame.comment",
      ],
    );
    const time = "1700000000.123456000";
    assert.deepEqual(rows, [
      ["192.0.2.9", "198.51.100.1", "", "", "5000", "9053", "15", "1", "1", time, "dns", "backend web/a"],
      ["198.51.100.1", "192.0.2.9", "", "", "9053", "5000", "65515", "1", "1", time, "dns", "backend web/a"],
      ["", "", "2001:db8::9", "2001:db8::1", "5000", "9053", "15", "", "1", time, "six", "backend web/a"],
      ["", "", "2001:db8::9", "::", "5000", "9053", "8", "", "1", time, "six", "backend web/a"],
    ]);
  },
);

test("tshark reads what was cut, and what was not copied", needs("tshark"), async () => {
  const writer = new PcapngWriter("sluice test", 6);
  const file = join(folder, "cut.pcapng");
  const datagram = build({ payload: Buffer.from("begins"), length: 1000, missed: 5 });
  const statistics = [writer.section(), writer.datagram(datagram), writer.statistics(1_700_000_001_000)];
  writeFileSync(file, Buffer.concat(statistics));
  const [, , last] = statistics;
  // Block type 5; then options 4 and 5 of 8 bytes each: received and dropped.
  assert.equal(last!.readUInt32LE(0), 5);
  assert.deepEqual([last!.readUInt16LE(20), last!.readBigUInt64LE(24)], [4, 6n]);
  assert.deepEqual([last!.readUInt16LE(32), last!.readBigUInt64LE(36)], [5, 5n]);
  assert.deepEqual(await readFields(file, "frame.len", "frame.cap_len", "udp.length"), [
    ["1028", "34", "1008"],
  ]);
});

test("a capture of nothing is a file too", needs("tshark"), async () => {
  const writer = new PcapngWriter("sluice test", 65_535);
  const file = join(folder, "empty.pcapng");
  writeFileSync(file, Buffer.concat([writer.section(), writer.statistics(0)]));
  assert.deepEqual(await readFields(file, "ip.src"), []);
});

for (const plane of process.platform === "linux"
  ? (["portable", "batched"] as const)
  : (["portable"] as const)) {
  test(
    `${plane}: what a tap of a running balancer sends is what passed, IPv4 and IPv6`,
    needs("tshark"),
    async (t) => {
      const { mine, other } = { mine: await UdpPeer.open(t), other: await UdpPeer.open(t) };
      const six = await UdpPeer.open(t, { ip: "::1" });
      const backend = await openBackend(t, "a");
      const balancer = await startBalancer(
        {
          ...{ plane, admin: { listen: "127.0.0.1:0" } },
          listeners: [
            { name: "four", address: "127.0.0.1:0" },
            { name: "six", address: "[::1]:0" },
          ],
          pools: [{ name: "web", affinity: "client", backends: [backend.entry] }],
        },
        {},
      );
      t.after(() => balancer.close({ graceMs: 0 }));
      const [four, wide] = balancer.listeners.map(({ address }) => address) as [string, string];
      const port = Number(balancer.adminAddresses[0]!.split(":").at(-1));
      const capture = async (query: string, name: string): Promise<() => Promise<string>> => {
        const message = await openRequest({ port }, `/api/v1/tap?${query}`);
        assert.equal(message.statusCode, 200);
        const bytes = readBytes(message);
        return async () => {
          const file = join(folder, `${plane}-${name}.pcapng`);
          writeFileSync(file, await within(bytes, "the end of the tap"));
          return file;
        };
      };
      const onFour = await capture(`client=${mine.address}&max=4`, "four");
      const onSix = await capture("listener=six&max=2&snap=4", "six");
      await mine.ask("one", four);
      await other.ask("not this", four);
      await mine.ask("two", four);
      await six.ask("question", wide);
      const [from, to] = [`${mine.port}`, four.split(":").at(-1)!];
      const fields = ["udp.srcport", "udp.dstport", "udp.checksum.status", "frame.interface_name", "data"];
      const hex = (text: string) => Buffer.from(text).toString("hex");
      assert.deepEqual(await readFields(await onFour(), "ip.src", "ip.dst", ...fields), [
        ["127.0.0.1", "127.0.0.1", from, to, "1", "four", hex("one")],
        ["127.0.0.1", "127.0.0.1", to, from, "1", "four", hex("a:one")],
        ["127.0.0.1", "127.0.0.1", from, to, "1", "four", hex("two")],
        ["127.0.0.1", "127.0.0.1", to, from, "1", "four", hex("a:two")],
      ]);
      assert.deepEqual(
        await readFields(await onSix(), "ipv6.src", "ipv6.dst", "udp.length", "frame.cap_len"),
        [
          ["::1", "::1", "16", "52"],
          ["::1", "::1", "18", "52"],
        ],
      );
    },
  );
}

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { AddressError, formatIp, type Prefix } from "../core/address.js";
import { MAX_NETWORKS, NETWORK_PATTERN, parseNetwork, readNetworkFile } from "./networks.js";

const format = ({ ip, length }: Prefix) => `${formatIp(ip)}/${length}`;

describe("parseNetwork", () => {
  const good: [string, string][] = [
    ["10.0.0.0/8", "10.0.0.0/8"],
    ["0.0.0.0/0", "0.0.0.0/0"],
    ["::/0", "::/0"],
    ["192.0.2.1", "192.0.2.1/32"],
    ["2001:DB8::1", "2001:db8::1/128"],
    ["2001:db8::/32", "2001:db8::/32"],
  ];
  for (const [text, expected] of good) {
    it(`reads ${text}`, () => {
      assert.equal(format(parseNetwork(text)), expected);
      assert.match(text, new RegExp(NETWORK_PATTERN));
    });
  }
  for (const text of [
    "",
    "/8",
    "10.0.0.0/",
    "10.0.0.0/33",
    "::/129",
    "10.0.0.1/8",
    "10.0.0.0/-1",
    "10.0/8",
    "a/8",
  ]) {
    it(`refuses ${JSON.stringify(text)}, which it names`, () =>
      assert.throws(
        () => parseNetwork(text),
        (error) => error instanceof AddressError && error.message.includes(JSON.stringify(text)),
      ));
  }
  it("refuses a zone", () =>
    assert.throws(() => parseNetwork("fe80::1%eth0"), {
      message: 'found "fe80::1%eth0", expected an address without a zone',
    }));
});

describe("readNetworkFile", () => {
  let folder = "";
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "sluice-networks-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  function read(text: string | Uint8Array) {
    const path = join(folder, "list");
    writeFileSync(path, text);
    const { networks, problems } = readNetworkFile(path);
    return { networks: networks.map(format), problems: problems.map((one) => one.replace(path, "list")) };
  }

  it("reads one a line, with comments, blanks, CRLF and a byte order mark", () => {
    const text = "\ufeff10.0.0.0/8\r\n# all of it\n\n\t ::1 # here\n192.0.2.1#there";
    assert.deepEqual(read(text), { networks: ["10.0.0.0/8", "::1/128", "192.0.2.1/32"], problems: [] });
  });

  it("is empty without a network", () => {
    for (const text of ["", "\n\n", "# none"]) assert.deepEqual(read(text), { networks: [], problems: [] });
  });

  it("names each bad line by its number, and keeps the good ones", () => {
    const { networks, problems } = read(
      "10.0.0.0/8\n# a\nnonsense\n10.0.0.1/8\r\n10.1.0.0/16 10.2.0.0/16\n::1\n",
    );
    assert.deepEqual(networks, ["10.0.0.0/8", "::1/128"]);
    assert.deepEqual(
      problems.map((one) => one.slice(0, 17)),
      ['line 3 of "list":', 'line 4 of "list":', 'line 5 of "list":'],
    );
    assert.match(problems[0], /"nonsense"/);
    assert.match(problems[1], /10\.0\.0\.0\/8/);
  });

  it("stops after 20 bad lines", () => {
    const { networks, problems } = read(`${"x\n".repeat(19)}10.0.0.0/8\n${"x\n".repeat(30)}::1\n`);
    assert.equal(problems.length, 20);
    assert.match(problems[19], /^line 21 of/);
    assert.deepEqual(networks, ["10.0.0.0/8"]);
  });

  it("reads as many as fit in a list, and says when there are more", () => {
    const many = (count: number) =>
      Array.from({ length: count }, (_, i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}\n`).join("");
    const full = read(many(MAX_NETWORKS));
    assert.deepEqual([full.networks.length, full.problems], [65_536, []]);
    assert.deepEqual(read(many(MAX_NETWORKS + 1)).problems, [
      '"list" has 65537 networks, expected at most 65536',
    ]);
  });

  it("reads 8 MiB and not more", () => {
    const size = 8 * 1024 * 1024;
    assert.deepEqual(read(new Uint8Array(size).fill(0x20)), { networks: [], problems: [] });
    assert.deepEqual(read(new Uint8Array(size + 1).fill(0x20)).problems, [
      'the file "list" cannot be read: larger than 8 MiB',
    ]);
  });

  it("says why a file cannot be read", () => {
    const missing = join(folder, "none");
    assert.deepEqual(readNetworkFile(missing), {
      networks: [],
      problems: [`the file ${JSON.stringify(missing)} cannot be read: ENOENT`],
    });
    assert.match(readNetworkFile(join(folder, "list", "x")).problems.join(), /cannot be read: ENOTDIR$/);
    assert.match(readNetworkFile("/dev/zero").problems.join(), /cannot be read: (not a file|ENOENT)$/);
  });
});

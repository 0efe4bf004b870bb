import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { PcapngWriter } from "#src/admin/pcapng.js";
import { PcapngBlocks, PcapngError } from "#src/cli/pcapng-blocks.js";
import { openFakeAdmin, refuse } from "../support/fake-admin.js";
import { RunningProcess, runProgram, SLUICE } from "../support/run-cli.js";
import { createTemporaryFolder } from "../support/temporary-folder.js";
import { eventually } from "../support/waiting.js";

const notOnWindows = {
  skip: process.platform === "win32" ? "Windows has neither sh nor SIGINT for others" : false,
};

/** Three datagrams, after the second of which five were missed. */
function createCapture(): { readonly whole: Buffer; readonly begun: Buffer } {
  const writer = new PcapngWriter("test", 65_535);
  const datagram = (missed: number) =>
    writer.datagram({
      ...{
        atMs: 1_000,
        direction: "request",
        client: "192.0.2.7:40000",
        local: "127.0.0.1:53",
        listener: "main",
      },
      ...{ backend: "a", length: 5, payload: Buffer.from("hello"), missed },
    });
  const begun = Buffer.concat([writer.section(), datagram(0), datagram(0), datagram(5)]);
  return { begun, whole: Buffer.concat([begun, writer.statistics(2_000)]) };
}

test("PcapngBlocks: whole blocks whatever the pieces, and what is in them", () => {
  const { whole } = createCapture();
  for (const size of [1, 3, 7, 64, whole.length]) {
    const blocks = new PcapngBlocks();
    const out: Buffer[] = [];
    for (let at = 0; at < whole.length; at += size) {
      out.push(Buffer.from(blocks.push(whole.subarray(at, at + size))));
      assert.ok(new PcapngBlocks().push(Buffer.concat(out)).length === Buffer.concat(out).length);
    }
    assert.deepEqual(Buffer.concat(out), whole);
    assert.deepEqual([blocks.datagrams, blocks.missed, blocks.bytes], [3, 5, whole.length]);
  }
});

test("PcapngBlocks: what is cut off in a block waits for the rest", () => {
  const { begun } = createCapture();
  const blocks = new PcapngBlocks();
  const out = blocks.push(begun.subarray(0, begun.length - 1));
  assert.ok(out.length < begun.length - 1);
  assert.equal(blocks.datagrams, 2);
});

test("PcapngBlocks: other bytes, and blocks of impossible length, are refused", () => {
  assert.throws(() => new PcapngBlocks().push(Buffer.from('{"error": "no capture"}')), PcapngError);
  for (const length of [0, 8, 13, 0xffffffff]) {
    const bytes = createCapture().whole;
    bytes.writeUInt32LE(length, 4);
    assert.throws(() => new PcapngBlocks().push(bytes), PcapngError, String(length));
  }
});

function sluice(address: string, ...args: string[]) {
  return runProgram(process.execPath, [SLUICE, "tap", ...args], {
    env: { SLUICE_ADMIN: address, SLUICE_TOKEN: "" },
  });
}

test("sluice tap: a file, with a summary; the limits go to the balancer", async (t) => {
  const { whole } = createCapture();
  const fake = await openFakeAdmin(t, {
    "GET /api/v1/tap": (_: unknown, response: ServerResponse) => void response.end(whole),
  });
  const file = join(
    createTemporaryFolder((remove) => t.after(remove)),
    "x.pcapng",
  );
  const args = [
    "192.0.2.7",
    "-w",
    file,
    "--snap",
    "100",
    "--max",
    "3",
    "--seconds",
    "9",
    "--flow",
    "0-7-k50000",
    "--listener",
    "l",
  ];
  const { code, stdout, stderr } = await sluice(fake.address, ...args);
  assert.equal(stderr, `3 datagrams, and 5 more that came too fast to copy: ${whole.length} B\n`);
  assert.equal(stdout, "");
  assert.equal(code, 0);
  assert.deepEqual(readFileSync(file), whole);
  assert.equal(
    fake.asked[0].url,
    "/api/v1/tap?client=192.0.2.7&flow=0-7-k50000&listener=l&snap=100&max=3&seconds=9",
  );
  assert.equal(fake.asked[0].headers.accept, "application/x-pcapng");
});

test("sluice tap -w -: the capture itself on stdout", notOnWindows, async (t) => {
  const { whole } = createCapture();
  const fake = await openFakeAdmin(t, {
    "GET /api/v1/tap": (_: unknown, response: ServerResponse) => void response.end(whole),
  });
  const { code, stdout } = await runProgram(
    "sh",
    ["-c", `"${process.execPath}" "${SLUICE}" tap 192.0.2.7 -w - | od -An -tx1 | tr -d ' \\n'`],
    {
      env: { SLUICE_ADMIN: fake.address, SLUICE_TOKEN: "" },
    },
  );
  assert.equal(code, 0);
  assert.equal(stdout, whole.toString("hex"));
});

test("sluice tap: Ctrl-C ends it well, with whole blocks", notOnWindows, async (t) => {
  const { begun } = createCapture();
  const fake = await openFakeAdmin(t, {
    "GET /api/v1/tap": (_: unknown, response: ServerResponse) =>
      void response.write(begun.subarray(0, begun.length - 4)),
  });
  const file = join(
    createTemporaryFolder((remove) => t.after(remove)),
    "x.pcapng",
  );
  const cli = new RunningProcess(t, process.execPath, [SLUICE, "tap", "192.0.2.7", "-w", file], {
    env: { SLUICE_ADMIN: fake.address, SLUICE_TOKEN: "" },
  });
  await eventually(() => assert.ok(readFileSync(file).length > 0));
  cli.signal("SIGINT");
  const { code, stderr } = await cli.ended();
  assert.equal(code, 0, stderr);
  assert.match(stderr, /^2 datagrams: \d+ B$/m);
  const bytes = readFileSync(file);
  assert.equal(new PcapngBlocks().push(bytes).length, bytes.length);
});

test("sluice tap: a balancer that refuses, breaks off or sends something else is an error", async (t) => {
  const { begun } = createCapture();
  const routes: readonly [route: (response: ServerResponse) => unknown, text: RegExp][] = [
    [(response) => refuse(response, 429, "TAP_LIMIT", "4 taps are open"), /4 taps are open/],
    [(response) => response.end("PNG or whatever"), /does not begin as pcapng/],
    [
      (response) => {
        response.write(begun, () => response.destroy());
      },
      /closed the connection in the middle/,
    ],
  ];
  for (const [route, text] of routes) {
    const fake = await openFakeAdmin(t, {
      "GET /api/v1/tap": (_: unknown, response: ServerResponse) => void route(response),
    });
    const file = join(
      createTemporaryFolder((remove) => t.after(remove)),
      "x.pcapng",
    );
    const { code, stderr } = await sluice(fake.address, "192.0.2.7", "-w", file);
    assert.match(stderr, text);
    assert.equal(code, 1);
  }
});

test("sluice tap: a file that cannot be written ends the tap at once", async (t) => {
  const { begun } = createCapture();
  const fake = await openFakeAdmin(t, {
    "GET /api/v1/tap": (_: unknown, response: ServerResponse) => void response.write(begun),
  });
  const { code, stderr } = await sluice(fake.address, "192.0.2.7", "-w", "/nowhere/x.pcapng");
  assert.equal(code, 1);
  assert.match(stderr, /no such file or directory, open '\/nowhere\/x\.pcapng'/);
});

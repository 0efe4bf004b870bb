import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { needs } from "../support/needs.js";
import { RunningCli, RunningProcess, runCli, runProgram } from "../support/run-cli.js";

// The Python programs are not compiled: they are read from the source tree.
const program = (name: string): string =>
  fileURLToPath(new URL(`../../test/support/lab-python/${name}.py`, import.meta.url));

/** A Python server that loses nothing, on a free port; and the numbers of the messages that it has printed. */
async function startServer(t: TestContext): Promise<{ address: string; received: () => number[] }> {
  const server = new RunningProcess(t, "python3", [program("server"), "0", "127.0.0.1", "0"]);
  const address = await server.waitFor(
    "a Python server",
    () => /listening on (\S+)\n/.exec(server.stderr)?.[1],
  );
  return {
    address,
    received: () => [...server.stdout.matchAll(/^PING (\d+) /gm)].map((match) => Number(match[1])),
  };
}

test(
  "lab: three runs of the Python client over three Python servers go 1, 2, 3, 1, 2, 3",
  needs("python3"),
  async (t) => {
    const servers = [await startServer(t), await startServer(t), await startServer(t)];
    const backends = servers.flatMap(({ address }) => ["--backend", address]);
    const cli = new RunningCli(t, ["--listen", "127.0.0.1:0", ...backends]);
    const [port] = await cli.ready();

    for (let run = 0; run < 3; run++) {
      const client = await runProgram("python3", [program("client"), "127.0.0.1", String(port)], {
        env: { LAB_SHOW_SENDER: "1" },
      });
      assert.equal(client.code, 0, client.stderr);
      assert.equal(
        client.stdout.match(/^Message Received PING \d+ \d\d:\d\d:\d\d$/gm)?.length,
        10,
        client.stdout,
      );
      assert.equal(client.stdout.match(/^Round Trip Time \d/gm)?.length, 10);
      const senders = new Set(client.stdout.match(/^From .*$/gm));
      assert.deepEqual([...senders], [`From 127.0.0.1:${port}`]);
    }

    // Message n of run r is the (10 r + n)th: who is in turn goes on from run to run.
    const expected: number[][] = [[], [], []];
    for (let i = 0; i < 30; i++) expected[i % 3]!.push((i % 10) + 1);
    assert.deepEqual(
      servers.map((server) => server.received()),
      expected,
    );
  },
);

test("lab: our client and the Python server understand each other", needs("python3"), async (t) => {
  const { address } = await startServer(t);
  const [host, port] = address.split(":") as [string, string];
  const client = await runCli(["ping", host, port]);
  assert.equal(client.stdout.match(/^Message Received PING/gm)?.length, 10, client.stdout);
});

/** Real DNS through sluice: dnsmasq behind it, dig in front. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { freePorts } from "../support/free-ports.js";
import { needs } from "../support/needs.js";
import { RunningCli, RunningProcess, runProgram } from "../support/run-cli.js";

/** A TXT record is made of strings of up to 255 bytes; this many make an answer beyond 512 bytes, even beyond 1,232. */
const LARGE_STRINGS = 8;
const LARGE_STRING = "x".repeat(200);

/** A dnsmasq that answers every name with one address, and `large.test` with a long text. Resolves when it answers. */
async function openDnsmasq(t: TestContext, port: number, answer: string): Promise<void> {
  const server = new RunningProcess(t, "dnsmasq", [
    ...["--keep-in-foreground", "--log-facility=-", "--conf-file=/dev/null", "--pid-file="],
    ...["--no-resolv", "--no-hosts", "--no-ping", "--cache-size=0", "--edns-packet-max=4096"],
    ...[`--port=${port}`, "--listen-address=127.0.0.1", "--bind-interfaces"],
    ...(process.getuid?.() === 0 ? ["--user=root"] : []),
    ...[`--address=/#/${answer}`],
    `--txt-record=large.test,${Array.from({ length: LARGE_STRINGS }, () => LARGE_STRING).join(",")}`,
  ]);
  await server.waitFor("dnsmasq started", () => (server.stderr.includes("started") ? true : undefined));
}

/** Two servers and sluice in front of them; the port to ask. */
async function openService(t: TestContext, flags: readonly string[]): Promise<number> {
  const [first, second] = await freePorts(2);
  await Promise.all([openDnsmasq(t, first!, "192.0.2.1"), openDnsmasq(t, second!, "192.0.2.2")]);
  const backends = ["--backend", `127.0.0.1:${first}`, "--backend", `127.0.0.1:${second}`];
  const cli = new RunningCli(t, ["--listen", "127.0.0.1:0", ...backends, ...flags]);
  const [port] = await cli.ready();
  return port!;
}

/** What dig prints for each question, one line an answer. */
async function dig(port: number, ...args: string[]): Promise<string[]> {
  const common = ["@127.0.0.1", "-p", String(port), "+short", "+tries=1", "+time=60", "+notcp"];
  const { code, stdout, stderr } = await runProgram("dig", [...common, ...args]);
  assert.equal(code, 0, stdout + stderr);
  return stdout.split("\n").filter((line) => line !== "");
}

const ONE_FLOW_A_QUERY = ["--requests", "1", "--responses", "1"];

for (const plane of ["portable", "batched"]) {
  const options =
    plane === "batched" && process.platform !== "linux"
      ? { skip: "the batched plane needs Linux" }
      : needs("dnsmasq", "dig");
  // "In turn" is a promise of each worker, so one worker.
  const flags = ["--plane", plane, ...(plane === "batched" ? ["--workers", "1"] : [])];

  test(`DNS, ${plane} plane: answers come from the two servers in turn`, options, async (t) => {
    const port = await openService(t, [...flags, ...ONE_FLOW_A_QUERY]);
    const answers: string[] = [];
    for (let i = 0; i < 6; i++) answers.push(...(await dig(port, `name${i}.test`, "A")));
    const turn = answers.slice(0, 2);
    assert.deepEqual(turn.toSorted(), ["192.0.2.1", "192.0.2.2"]);
    assert.deepEqual(answers, [...turn, ...turn, ...turn]);
  });

  test(`DNS, ${plane} plane: an answer that needs EDNS arrives whole`, options, async (t) => {
    const port = await openService(t, flags);
    for (let i = 0; i < 2; i++) {
      const [answer] = await dig(port, "+bufsize=4096", "+ignore", "large.test", "TXT");
      assert.equal(
        answer,
        Array.from({ length: LARGE_STRINGS }, () => `"${LARGE_STRING}"`).join(" "),
        "the whole answer, not a truncated one",
      );
    }
  });

  test(`DNS, ${plane} plane: 200 queries, 200 answers, half from each server`, options, async (t) => {
    const port = await openService(t, [...flags, ...ONE_FLOW_A_QUERY]);
    const folder = mkdtempSync(join(tmpdir(), "sluice-dns-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const batch = join(folder, "batch");
    writeFileSync(batch, Array.from({ length: 200 }, (_, i) => `name${i}.test A\n`).join(""));
    const answers = await dig(port, "-f", batch);
    const count = (address: string) => answers.filter((answer) => answer === address).length;
    assert.deepEqual([answers.length, count("192.0.2.1"), count("192.0.2.2")], [200, 100, 100]);
  });
}

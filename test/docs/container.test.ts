/** contrib/docker: what can be told of it without building an image. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type TestContext, test } from "node:test";
import { parse } from "yaml";
import { createProgram } from "#src/cli/main.js";
import { createAsker } from "../support/admin-client.js";
import { ROOT } from "../support/markdown.js";
import { RunningCli, runProgram } from "../support/run-cli.js";

const FOLDER = "contrib/docker";
const read = (file: string): string => readFileSync(join(ROOT, FOLDER, file), "utf8");
const { engines, bin } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
const { services } = parse(read("compose.yaml"));
const service = services.sluice;

/** `[KEYWORD, rest]` of each instruction; lines that end in a backslash are joined. */
const instructions = read("Dockerfile")
  .replaceAll("\\\n", " ")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"))
  .map((line) => [line.split(" ", 1)[0]!, line.slice(line.indexOf(" ") + 1)] as const);
const valuesOf = (keyword: string): string[] =>
  instructions.filter(([name]) => name === keyword).map(([, value]) => value);

test("contrib/docker/Dockerfile: instructions that there are, on a Node.js that will do", () => {
  const known = [
    "ARG",
    "LABEL",
    "HEALTHCHECK",
    "FROM",
    "WORKDIR",
    "COPY",
    "RUN",
    "ENTRYPOINT",
    "CMD",
    "STOPSIGNAL",
  ];
  for (const [name] of instructions) assert.ok(known.includes(name), name);
  const least = Number(/\d+/.exec(engines.node)?.[0]);
  const [argument = ""] = valuesOf("ARG");
  const major = /^NODE_IMAGE=node:(\d+)-bookworm-slim@sha256:[0-9a-f]{64}$/.exec(argument)?.[1];
  assert.ok(Number(major) >= least, argument);
  const images = valuesOf("FROM").map((value) => value.split(" ")[0]);
  const pinned = "$" + "{NODE_IMAGE}";
  assert.deepEqual(images, [pinned, pinned], "both stages on the same image, by digest");
});

test("contrib/docker/Dockerfile: what it copies is there, and what it is not built from is not sent", () => {
  const fromHere = valuesOf("COPY").filter((value) => !value.startsWith("--from="));
  const copies = fromHere.map((value) => value.split(/\s+/).slice(0, -1));
  assert.ok(copies.length >= 2);
  for (const path of copies.flat()) assert.ok(existsSync(join(ROOT, path)), path);
  const ignored = read("Dockerfile.dockerignore").split("\n");
  for (const folder of [".git", "**/node_modules", "dist", "dist-test"])
    assert.ok(ignored.includes(folder), folder);
});

test("contrib/docker/Dockerfile: what it runs is a command with flags that it has", () => {
  assert.deepEqual(
    valuesOf("ENTRYPOINT").map((value) => JSON.parse(value)),
    [Object.keys(bin)],
  );
  const [command, ...words] = JSON.parse(valuesOf("CMD")[0]!) as string[];
  const found = createProgram().commands.find((one) => one.name() === command);
  const flags = found?.options.map(({ long }) => long) ?? [];
  for (const flag of words.filter((word) => word.startsWith("-"))) assert.ok(flags.includes(flag), flag);
});

test("contrib/docker/compose.yaml: builds from here, has the host's network, and may do little", () => {
  const context = resolve(ROOT, FOLDER, service.build.context);
  assert.equal(context, resolve(ROOT));
  assert.ok(existsSync(join(context, service.build.dockerfile)));
  assert.equal(service.network_mode, "host");
  assert.equal(service.ports, undefined);
  assert.deepEqual([service.read_only, service.cap_drop], [true, ["ALL"]]);
  // For `--user` and ports below 1024.
  assert.deepEqual(service.cap_add, ["NET_BIND_SERVICE", "SETGID", "SETUID"]);
  const [volume] = service.volumes;
  const config = /--config", "([^"]+)"/.exec(valuesOf("CMD")[0]!)?.[1];
  assert.ok(config?.startsWith(`${volume.split(":").at(-2)}/`), `${config} is not below ${volume}`);
});

async function isHealthy(port: number): Promise<boolean> {
  const [how, program, ...args] = service.healthcheck.test as string[];
  assert.deepEqual([how, program], ["CMD", "node"]);
  const words = args.map((word) => word.replace("9901", String(port)));
  return (await runProgram(process.execPath, words)).code === 0;
}

test("contrib/docker/compose.yaml: its health check tells a balancer that runs from none", async (t: TestContext) => {
  const balancer = new RunningCli(t, [
    "--listen",
    "127.0.0.1:0",
    "--backend",
    "127.0.0.1:9",
    "--admin",
    "127.0.0.1:0",
  ]);
  await balancer.ready();
  const { admin } = (await balancer.waitForLog("admin API open")) as unknown as { admin: string[] };
  assert.equal((await createAsker(admin[0]!)("/healthz")).status, 200);
  const port = Number(admin[0]!.split(":").at(-1));
  assert.equal(await isHealthy(port), true);
  await balancer.kill();
  assert.equal(await isHealthy(port), false);
});

test("contrib/docker/Dockerfile: packages come from the lock file alone", () => {
  const installs = valuesOf("RUN")
    .flatMap((value) => value.split("&&"))
    .filter((command) => /\bnpm (i|install|ci)\b/.test(command));
  assert.equal(installs.length, 2);
  for (const command of installs) assert.match(command, /\bnpm ci\b/);
});

test(".github/workflows: every action is named by commit, with its version beside it", () => {
  const folder = join(ROOT, ".github/workflows");
  const uses = readdirSync(folder).flatMap((file) =>
    readFileSync(join(folder, file), "utf8")
      .split("\n")
      .filter((line) => /\buses:/.test(line)),
  );
  assert.ok(uses.length >= 4);
  for (const line of uses) assert.match(line, /uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
});

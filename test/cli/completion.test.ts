import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { listNames } from "#src/cli/completion/backend-names.js";
import { createBashScript } from "#src/cli/completion/bash-script.js";
import { describeProgram, listCommands } from "#src/cli/completion/completion-spec.js";
import { createFishScript } from "#src/cli/completion/fish-script.js";
import { createZshScript } from "#src/cli/completion/zsh-script.js";
import { createProgram } from "#src/cli/main.js";
import { backendSample } from "#src/cli/samples.testing.js";
import { openFakeAdmin } from "../support/fake-admin.js";
import { needs } from "../support/needs.js";
import { runProgram, SLUICE } from "../support/run-cli.js";
import { createTemporaryFolder } from "../support/temporary-folder.js";

const spec = describeProgram(createProgram());
const withBash = process.platform === "win32" ? { skip: "bash of Windows has other paths" } : needs("bash");
const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** Bash's own splitting of a line (COMP_WORDBREAKS): `:` and `=` are words of their own. */
function splitAsBash(line: string): string[] {
  return line.split(/\s+/).flatMap((word) => (word === "" ? [""] : (word.match(/[:=]+|[^:=]+/g) ?? [])));
}

/** What bash offers after a line, with `sluice` a function that runs the built command. */
async function complete(
  t: TestContext,
  line: string,
  env: NodeJS.ProcessEnv = {},
  cwd?: string,
): Promise<string[]> {
  const folder = createTemporaryFolder((remove) => t.after(remove));
  const words = splitAsBash(line);
  const script = [
    `sluice() { ${quote(process.execPath)} ${quote(SLUICE)} "$@"; }`,
    createBashScript(spec),
    "declare -F _sluice >/dev/null || exit 9",
    `COMP_WORDS=(${words.map(quote).join(" ")})`,
    `COMP_CWORD=${words.length - 1}`,
    `COMP_LINE=${quote(line)}`,
    `COMP_POINT=${line.length}`,
    "_sluice",
    `printf '%s\\n' "\${COMPREPLY[@]}"`,
  ].join("\n");
  const file = join(folder, "script.bash");
  writeFileSync(file, script);
  const { code, stdout, stderr } = await runProgram("bash", ["--norc", file], { env, ...(cwd && { cwd }) });
  assert.equal(stderr, "", line);
  assert.equal(code, 0, line);
  return stdout.split("\n").filter((text) => text !== "");
}

test("bash completion: commands, and those below config and help", withBash, async (t) => {
  assert.deepEqual(await complete(t, "sluice dr"), ["drain"]);
  const all = await complete(t, "sluice ");
  for (const { path } of spec.commands) assert.ok(all.includes(path[0]), path[0]);
  assert.deepEqual(await complete(t, "sluice config "), ["show", "diff", "apply"]);
  assert.deepEqual(await complete(t, "sluice help pi"), ["ping", "ping-server"]);
});

test(
  "bash completion: flags of the command on the line, and the choices of their values",
  needs("bash"),
  async (t) => {
    assert.deepEqual(await complete(t, "sluice run --pol"), ["--policy"]);
    assert.deepEqual(await complete(t, "sluice status --pol"), []);
    assert.deepEqual(await complete(t, "sluice config apply --if"), ["--if-version"]);
    assert.deepEqual(await complete(t, "sluice run --policy l"), ["least-flows", "least-outstanding"]);
    assert.deepEqual(await complete(t, "sluice run --policy=m"), ["maglev"]);
    assert.deepEqual(await complete(t, "sluice run --watch --plane "), ["auto", "portable", "batched"]);
    assert.deepEqual(await complete(t, "sluice completion f"), ["fish"]);
  },
);

test(
  "bash completion: files where a file is meant, also after a flag with a value",
  needs("bash"),
  async (t) => {
    const folder = createTemporaryFolder((remove) => t.after(remove));
    writeFileSync(join(folder, "my config.yaml"), "");
    writeFileSync(join(folder, "other.txt"), "");
    for (const line of [
      "sluice check m",
      "sluice config apply m",
      "sluice run --config m",
      "sluice run --listen 1.2.3.4:5 m",
    ]) {
      assert.deepEqual(await complete(t, line, {}, folder), ["my config.yaml"], line);
    }
    assert.deepEqual(await complete(t, "sluice explain m", {}, folder), []);
  },
);

test(
  "bash completion: backends that the balancer knows, in what bash splits at colons",
  needs("bash"),
  async (t) => {
    const backends = [
      ...["a", "127.0.0.1:9001", "127.0.0.1:9002"].map((name) => backendSample(name)),
      backendSample("a", { pool: "dns" }),
      backendSample("$(touch owned)"),
    ];
    const fake = await openFakeAdmin(t, { "GET /api/v1/backends": { backends } });
    const env = { SLUICE_ADMIN: fake.address, SLUICE_TOKEN: "" };
    assert.deepEqual(await complete(t, "sluice drain ", env), [
      "web/a",
      "127.0.0.1:9001",
      "127.0.0.1:9002",
      "dns/a",
    ]);
    assert.deepEqual(await complete(t, "sluice drain 127.0.0.1:90", env), ["9001", "9002"]);
    assert.deepEqual(await complete(t, "sluice weight d", env), ["dns/a"]);
    assert.deepEqual(await complete(t, "sluice weight dns/a ", env), []);
    assert.deepEqual(await complete(t, "sluice flows --backend d", env), ["dns/a"]);
    const nobody = { ...env, SLUICE_ADMIN: "127.0.0.1:1" };
    assert.deepEqual(await complete(t, `sluice drain --admin ${fake.address} d`, nobody), ["dns/a"]);
    assert.deepEqual(await complete(t, `sluice drain --admin=${fake.address} d`, nobody), ["dns/a"]);
    assert.deepEqual(await complete(t, "sluice drain d", nobody), []);
  },
);

test("sluice completion --backends: silence when nobody answers, or something else does", async (t) => {
  const fake = await openFakeAdmin(t, { "*": "garbage" });
  for (const address of ["127.0.0.1:1", fake.address, "nonsense"]) {
    const env = { SLUICE_ADMIN: address };
    const { code, stdout, stderr } = await runProgram(
      process.execPath,
      [SLUICE, "completion", "--backends"],
      { env },
    );
    assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: "", stderr: "" }, address);
  }
});

test("listNames: only what a shell takes for a word", () => {
  const names = ["a", "b c", "$(x)", "`x`", "[::1]:53", "a;b", "\u001b", "-"];
  assert.deepEqual(listNames(names.map((name) => ({ pool: "p", name }))), ["a", "[::1]:53", "-"]);
});

test("completion scripts: every command and flag is in each, and quotes are whole", () => {
  const zsh = createZshScript(spec);
  const fish = createFishScript(spec);
  for (const { path, flags } of listCommands(spec)) {
    assert.ok(zsh.includes(`\n${["_sluice", ...path].join("_")}() {`), path.join(" "));
    for (const { names } of flags) {
      const long = names.find((name) => name.startsWith("--")) ?? assert.fail();
      assert.ok(zsh.includes(long), long);
      assert.ok(fish.includes(` -l ${long.slice(2)} `), long);
    }
  }
  for (const line of fish.split("\n")) {
    assert.equal(line.replaceAll("\\'", "").split("'").length % 2, 1, line);
  }
});

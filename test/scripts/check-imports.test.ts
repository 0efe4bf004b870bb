import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const SCRIPT = fileURLToPath(new URL("../../scripts/check-imports.js", import.meta.url));

/** Runs the check on a tree made of `files` (path from src → source). */
function checkTree(files: Record<string, string>): { status: number | null; lines: string[] } {
  const root = mkdtempSync(join(tmpdir(), "sluice-imports-"));
  try {
    for (const [path, source] of Object.entries(files)) {
      const file = join(root, "src", path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, source);
    }
    const { status, stderr } = spawnSync(process.execPath, [SCRIPT, root], { encoding: "utf8" });
    return { status, lines: stderr.split("\n").filter((line) => line !== "") };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

test("check-imports: this project passes", () => {
  const { status, stderr } = spawnSync(process.execPath, [SCRIPT], { encoding: "utf8" });
  assert.equal(stderr, "");
  assert.equal(status, 0);
});

test("check-imports: a tree that keeps the directions passes", () => {
  const { status, lines } = checkTree({
    "core/a.ts": 'import { isIP } from "node:net";\nimport { b } from "./policies/b.js";\n',
    "core/policies/b.ts": 'import type { A } from "../a.js";\n',
    "config/load.ts": 'import { a } from "../core/a.js";\n',
    "planes/plane.ts": 'import type { A } from "../core/a.js";\n',
    "planes/select.ts": 'import "./portable/p.js";\nconst b = await import("./batched/b.js");\n',
    "planes/listen-error.ts": 'import { a } from "../core/a.js";\n',
    "planes/portable/p.ts":
      'import type { Plane } from "../plane.js";\nimport { e } from "../listen-error.js";\n',
    "planes/batched/b.ts": 'import { open } from "../../linux/socket.js";\n',
    "linux/socket.ts": 'import koffi from "koffi";\nimport { SluiceError } from "../core/errors.js";\n',
    "loadgen/send.ts": 'const linux = await import("../linux/socket.js");\n',
    "index.ts": 'export type { Config } from "./config/schema.js";\nexport * from "./balancer.js";\n',
    "stats.ts": 'import type { A } from "./core/a.js";\n',
    "balancer.ts": 'import { x } from "./stats.js";\nimport { y } from "./config/load.js";\n',
    "cli/stats.ts": 'import { x } from "../stats.js";\n',
    "cli/run.ts": 'import { x } from "../balancer.js";\nconsole.log(process.env.HOME);\nprocess.exit(1);\n',
  });
  assert.deepEqual(lines, []);
  assert.equal(status, 0);
});

const VIOLATIONS: readonly [name: string, file: string, source: string, message: string][] = [
  [
    "core imports another room",
    "core/a.ts",
    '\nimport { x } from "../config/x.js";',
    "src/core/a.ts:2: src/core may not import src/config/x",
  ],
  [
    "an import over several lines",
    "core/a.ts",
    'import {\n  x,\n  y,\n} from "../lab/x.js";',
    "src/core/a.ts:4: src/core may not import src/lab/x",
  ],
  [
    "a type import counts too",
    "core/a.ts",
    'import type { X } from "../api.js";',
    "src/core/a.ts:1: src/core may not import src/api",
  ],
  [
    "a re-export counts too",
    "config/a.ts",
    'export * from "../planes/plane.js";',
    "src/config/a.ts:1: src/config may not import src/planes/plane",
  ],
  [
    "a subpath import",
    "config/a.ts",
    'import { x } from "#src/cli/x.js";',
    "src/config/a.ts:1: src/config may not import src/cli/x",
  ],
  [
    "a side-effect import",
    "lab/a.ts",
    'import "../balancer.js";',
    "src/lab/a.ts:1: src/lab may not import src/balancer",
  ],
  [
    "a dynamic import",
    "config/a.ts",
    'await import("../balancer.js");',
    "src/config/a.ts:1: src/config may not import src/balancer",
  ],
  [
    "one plane imports another",
    "planes/portable/a.ts",
    'import { x } from "../batched/x.js";',
    "src/planes/portable/a.ts:1: src/planes/portable may not import src/planes/batched/x",
  ],
  [
    "the portable plane imports linux",
    "planes/portable/a.ts",
    'await import("../../linux/x.js");',
    "src/planes/portable/a.ts:1: src/planes/portable may not import src/linux/x",
  ],
  [
    "the choice of a plane loads one that needs linux",
    "planes/select.ts",
    'import { x } from "./batched/x.js";',
    "src/planes/select.ts:1: src/planes/select may load src/planes/batched/x only with import()",
  ],
  [
    "the balancer loads linux",
    "balancer.ts",
    'import { x } from "./linux/x.js";',
    "src/balancer.ts:1: src/balancer may load src/linux/x only with import()",
  ],
  [
    "the balancer loads the batched plane",
    "balancer.ts",
    'import { x } from "./planes/batched/x.js";',
    "src/balancer.ts:1: src/balancer may load src/planes/batched/x only with import()",
  ],
  [
    "linux imports more of core",
    "linux/a.ts",
    'import { x } from "../core/address.js";',
    "src/linux/a.ts:1: src/linux may not import src/core/address",
  ],
  [
    "koffi outside linux",
    "planes/batched/a.ts",
    'import koffi from "koffi";',
    'src/planes/batched/a.ts:1: only src/linux may import "koffi"',
  ],
  [
    "the public API imports values of config",
    "index.ts",
    'export { x } from "./config/compile.js";',
    "src/index.ts:1: src/index may import only types of src/config/compile",
  ],
  [
    "the balancer imports cli",
    "balancer.ts",
    'import { x } from "./cli/x.js";',
    "src/balancer.ts:1: src/balancer may not import src/cli/x",
  ],
  [
    "console outside cli",
    "lab/a.ts",
    "const a = 1;\nconsole.log(a);",
    "src/lab/a.ts:2: only src/cli may use console",
  ],
  [
    "process.exit outside cli",
    "lab/a.ts",
    "process.exit(1);",
    "src/lab/a.ts:1: only src/cli may use process.exit",
  ],
  [
    "process.env in a template",
    "lab/a.ts",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: source text for the check
    "const a = `x ${{ b: process.env.HOME }} y`;",
    "src/lab/a.ts:1: only src/cli may use process.env",
  ],
  [
    "env imported by name",
    "lab/a.ts",
    'import { env } from "node:process";',
    "src/lab/a.ts:1: only src/cli may import exit or env of process",
  ],
  [
    "a room nobody described",
    "extra/a.ts",
    "export {};",
    'src/extra/a.ts:1: room "extra" is not in the table',
  ],
];
for (const [name, file, source, message] of VIOLATIONS) {
  test(`check-imports: ${name}`, () => {
    const { status, lines } = checkTree({ [file]: source });
    assert.deepEqual(lines, [message]);
    assert.equal(status, 1);
  });
}

test("check-imports: comments, strings, templates, regular expressions and tests are not code", () => {
  const { status, lines } = checkTree({
    "core/a.ts": [
      '// import { x } from "../cli/x.js"; console.log(1)',
      '/* import "../cli/x.js"; process.exit(1) */',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: source text for the check
      "const a = \"console.log(1)\", b = 'process.env', c = `process.exit ${a + `console.log ${b}`} console.x`;",
      "const d = /[\"'/]console.log/.test(a), e = 4 / 2; // process.env",
      "const text = 'import x from ' + \"../cli/x.js\";",
      "process.exitCode = 1;",
    ].join("\n"),
    "core/a.test.ts": 'import "../cli/x.js";\nconsole.log(1);\n',
  });
  assert.deepEqual(lines, []);
  assert.equal(status, 0);
});

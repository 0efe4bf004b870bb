/** The package as users get it: packed from the built tree, installed in an empty folder, run and imported there. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join, posix } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { linksOf } from "../support/markdown.js";
import { needsRegistry, runNpm } from "../support/npm.js";
import { type Finished, runProgram } from "../support/run-cli.js";
import { createTemporaryFolder } from "../support/temporary-folder.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };

interface Packed {
  readonly filename: string;
  /** Bytes. */
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

const JAVASCRIPT = `
import { ConfigError, createBalancer } from "sluice";
import schema from "sluice/schema.json" with { type: "json" };
const balancer = await createBalancer({ listen: "127.0.0.1:0", backends: ["127.0.0.1:9"] });
const refusal = await balancer.reload({ listen: "nowhere", backends: [] }).catch((error) => error);
console.log(JSON.stringify({
  ports: balancer.listeners.map(({ address }) => Number(address.split(":")[1]) > 0),
  flows: balancer.stats().flows.active,
  refused: refusal instanceof ConfigError && refusal.problems.map(({ path }) => path),
  keys: Object.keys(schema.properties),
}));
await balancer.close({ graceMs: 0 });
`;

/** Compiled only. It names what programs use, with the types that they rely on. */
const TYPED = `
import { type Balancer, ConfigError, type ConfigInput, createBalancer, type FlowInfo, type Stats } from "sluice";

const config: ConfigInput = {
  listeners: [{ address: "127.0.0.1:0", session: { idleTimeout: "30s" } }],
  pools: [{ policy: "maglev", affinity: "client-ip/24", backends: ["127.0.0.1:9", { address: "127.0.0.1:10", weight: 2 }] }],
};

export async function run(signal: AbortSignal): Promise<number> {
  await using balancer: Balancer = await createBalancer(config, { signal });
  balancer.on("warning", ({ code, message }) => console.error(code.toUpperCase(), message.length));
  balancer.on("reload", ({ backends }) => console.log(backends.added.join()));
  const stats: Stats = balancer.stats();
  const flows: FlowInfo[] = balancer.flows({ limit: 10 });
  try {
    await balancer.reload({ listen: "127.0.0.1:0", backends: ["127.0.0.1:9"], policy: "random" });
  } catch (error) {
    if (error instanceof ConfigError) return error.problems[0]?.line ?? 0;
    throw error;
  }
  // @ts-expect-error there is no such policy
  await createBalancer({ listen: "127.0.0.1:0", backends: [], policy: "fastest" });
  return stats.drops.no_backend + stats.backends.length + flows.filter(({ open }) => open).length;
}
`;

const TSCONFIG = {
  compilerOptions: {
    strict: true,
    module: "nodenext",
    target: "es2023",
    lib: ["es2023", "esnext.disposable"],
    types: ["node"],
    typeRoots: [join(root, "node_modules/@types")],
    noEmit: true,
    skipLibCheck: false,
  },
  files: ["program.ts"],
};

function succeed({ code, stdout, stderr }: Finished): string {
  assert.equal(code, 0, stdout + stderr);
  return stdout;
}

describe("the packed package", await needsRegistry(), () => {
  const folder = createTemporaryFolder(after);
  let packed: Packed;

  before(async () => {
    // Without scripts: `prepack` would remove dist while other tests run from it.
    const pack = ["pack", "--json", "--ignore-scripts", "--pack-destination", folder];
    [packed] = JSON.parse(succeed(await runNpm(root, ...pack))) as [Packed];
    writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
    const install = ["install", "--omit=dev", "--prefer-offline", "--no-audit", "--no-fund"];
    succeed(await runNpm(folder, ...install, join(folder, packed.filename)));
  });

  it("has what users need and nothing of our workshop", () => {
    const paths = packed.files.map(({ path }) => path);
    for (const path of [
      ...["package.json", "README.md", "LICENSE", "CHANGELOG.md", "bin/sluice.js"],
      ...["dist/index.js", "dist/index.d.ts", "dist/sluice.schema.json", "dist/dashboard/index.html"],
      ...[
        "docs/cli.md",
        "docs/live-flows.md",
        "docs/embedding.md",
        "examples/dns.yaml",
        "examples/embed.mjs",
      ],
    ]) {
      assert.ok(paths.includes(path), `${path} is missing`);
    }
    const unwanted =
      /^(?!docs\/).*\.(test|testing)\.|\.tsbuildinfo$|\.map$|^(src|test|dist-test|scripts|node_modules|\.)/;
    assert.deepEqual(
      paths.filter((path) => unwanted.test(path)),
      [],
    );
  });

  it("has every page that its pages link to", () => {
    const paths = packed.files.map(({ path }) => path);
    for (const page of paths.filter((path) => path.endsWith(".md"))) {
      for (const { path } of linksOf(page)) {
        const target = posix.join(posix.dirname(page), path);
        assert.ok(
          paths.some((known) => known === target || known.startsWith(`${target}/`)),
          `${page} links to ${target}`,
        );
      }
    }
  });

  it("is small", () => {
    assert.ok(packed.size < 1_000_000, `${packed.size} bytes packed`);
    assert.ok(packed.unpackedSize < 3_500_000, `${packed.unpackedSize} bytes unpacked`);
    assert.ok(packed.unpackedSize > 300_000, `${packed.unpackedSize} bytes unpacked: is the project built?`);
  });

  it("has a command", async () => {
    assert.equal(succeed(await runNpm(folder, "exec", "--no", "--", "sluice", "--version")).trim(), version);
  });

  it("runs the lab", async () => {
    const lab = ["exec", "--no", "--", "sluice", "lab", "--port", "0", "--requests", "6", "--seed", "1"];
    const output = succeed(await runNpm(folder, ...lab));
    assert.match(output, /^request +6 -> server 3 /m);
    assert.match(output, /, \d+ went missing elsewhere$/m);
  });

  it("can be imported from JavaScript", async () => {
    writeFileSync(join(folder, "program.mjs"), JAVASCRIPT);
    const output = succeed(await runProgram(process.execPath, ["program.mjs"], { cwd: folder }));
    assert.deepEqual(JSON.parse(output), {
      ports: [true],
      flows: 0,
      refused: ["listen", "backends"],
      keys: ["listeners", "pools", "limits", "shutdown", "plane", "workers", "admin", "flowLog", "metrics"],
    });
  });

  it("has types that a strict program compiles against", async () => {
    writeFileSync(join(folder, "program.ts"), TYPED);
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(TSCONFIG));
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    succeed(await runProgram(process.execPath, [tsc, "-p", "."], { cwd: folder }));
  });
});

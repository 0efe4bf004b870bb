/** Every file in examples/ is run or loaded. What the configs mean is tested in src/config/examples.test.ts. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { runCli, runProgram } from "../support/run-cli.js";

const folder = fileURLToPath(new URL("../../examples/", import.meta.url));
const files = readdirSync(folder).sort();

/** What a program prints, by its name. A program that is missing here has no test. */
const PROGRAMS: Readonly<Record<string, RegExp>> = {
  "embed.mjs":
    /^\w+ plane on 127\.0\.0\.1\ntwo backends: blue blue red red\nreloaded: default\/red changed\nred drains: +blue blue blue blue\nrefused: backends\[0\]\nred \(draining\): 2 requests, 2 replies\nblue \(enabled\): 6 requests, 6 replies\n\d live flows\n$/,
};

for (const file of files) {
  if (/\.ya?ml$/.test(file)) {
    test(`examples/${file}: sluice check is content`, async () => {
      const { code, stdout, stderr } = await runCli(["check", join(folder, file)]);
      assert.equal(code, 0, stderr);
      assert.match(stdout, /: ok \(/);
      assert.doesNotMatch(stdout + stderr, /warning/);
    });
  } else {
    test(`examples/${file}: runs and prints what it says`, async () => {
      const expected = PROGRAMS[file];
      assert.ok(expected !== undefined, `nothing is known of examples/${file}`);
      const { code, stdout, stderr } = await runProgram(process.execPath, [join(folder, file)]);
      assert.deepEqual([code, stderr], [0, ""]);
      assert.match(stdout, expected);
    });
  }
}

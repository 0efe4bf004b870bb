#!/usr/bin/env node
// Starts the built command, and says in plain words when that cannot work. Kept in syntax that old versions of
// Node.js can read, so that they get as far as the message.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const NEEDED = [20, 19];

const [major, minor] = process.versions.node.split(".").map(Number);
const main = new URL("../dist/cli/main.js", import.meta.url);
if (major < NEEDED[0] || (major === NEEDED[0] && minor < NEEDED[1])) {
  fail(`sluice needs Node.js ${NEEDED.join(".")} or later; this is ${process.versions.node}`);
} else if (!existsSync(fileURLToPath(main))) {
  fail("sluice is not built: run `npm install && npm run build` in its folder");
} else {
  import(main.href).then(({ main: run }) => run(process.argv));
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exitCode = 1;
}

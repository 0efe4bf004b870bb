// What the figures were measured on and with.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";

const ROOT = new URL("../../", import.meta.url);

/** @param {{ nginx?: object, dnsdist?: object, pen?: object }} installed */
export function describeEnvironment(installed) {
  const { version } = JSON.parse(readFileSync(new URL("package.json", ROOT), "utf8"));
  return {
    cpu: cpus()[0]?.model.trim() || "unknown",
    cores: cpus().length,
    memoryBytes: totalmem(),
    kernel: release(),
    node: process.versions.node,
    sluice: version,
    commit: readCommit(),
    ...Object.fromEntries(Object.entries(installed).map(([name, peer]) => [name, peer?.version ?? null])),
  };
}

/** Null where the project is not a git checkout; with a plus when files differ from the commit. */
function readCommit() {
  const git = (...args) => spawnSync("git", args, { cwd: ROOT, encoding: "utf8" });
  const { status, stdout } = git("rev-parse", "--short=10", "HEAD");
  if (status !== 0) return null;
  const changes = git(
    "status",
    "--porcelain",
    "--untracked-files=no",
    "--",
    "src",
    "bench",
    "package-lock.json",
  );
  return `${stdout.trim()}${changes.stdout.trim() === "" ? "" : "+"}`;
}

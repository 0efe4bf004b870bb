import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** An empty folder; give `after` a hook that calls what it is given when the tests are over. */
export function createTemporaryFolder(after: (remove: () => void) => void): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "sluice-test-")));
  after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

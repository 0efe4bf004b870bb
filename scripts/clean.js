// Removes everything that a build writes.
import { rmSync } from "node:fs";

const root = new URL("../", import.meta.url);
for (const folder of ["dist/", "dist-test/"]) rmSync(new URL(folder, root), { recursive: true, force: true });

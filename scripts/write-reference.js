// Writes what is made from the config schema: dist/sluice.schema.json and docs/config-reference.md.
// `npm run build` calls it after the compiler. A file whose content is the same already is left alone.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createJsonSchema } from "../dist/config/json-schema.js";
import { createReference } from "../dist/config/reference.js";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

writeIfChanged(join(root, "dist/sluice.schema.json"), `${JSON.stringify(createJsonSchema(), null, 2)}\n`);
writeIfChanged(join(root, "docs/config-reference.md"), createReference());

function writeIfChanged(file, content) {
  if (readIfThere(file) === content) return;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  console.log(`wrote ${file}`);
}

function readIfThere(file) {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}

// Writes what is made from the schemas of the admin API: docs/openapi.json and docs/api.md. `npm run build` calls it after the
// compiler. A file whose content is the same already is left alone.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createApiDocument } from "../dist/admin/api-document.js";
import { createApiReference } from "../dist/admin/api-reference.js";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const document = await createApiDocument();

writeIfChanged(join(root, "docs/openapi.json"), `${JSON.stringify(document, null, 2)}\n`);
writeIfChanged(join(root, "docs/api.md"), createApiReference(document));

function writeIfChanged(file, content) {
  if (readIfThere(file) === content) return;
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

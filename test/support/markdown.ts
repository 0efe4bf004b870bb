/** Reads the project's Markdown pages for tests. */
import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Folders that hold no pages of ours. */
const SKIPPED = new Set(["node_modules", "dist", "dist-test", ".git"]);

/** Every Markdown page, as a path from the root with forward slashes. */
export function listPages(folder = ""): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true })
    .filter(({ name }) => !SKIPPED.has(name))
    .flatMap((entry) => {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) return listPages(path);
      return entry.name.endsWith(".md") ? [path] : [];
    });
}

/** A page without its code blocks. */
export function readPage(path: string): string {
  return readFileSync(join(ROOT, path), "utf8").replace(/^```[\s\S]*?^```/gm, "");
}

/** The anchors of its headings, as GitHub makes them: punctuation goes, letters become small, spaces dashes. */
export function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
    title!
      .replace(/[^\p{L}\p{N}_ -]/gu, "")
      .trim()
      .toLowerCase()
      .replaceAll(" ", "-"),
  );
}

export interface Link {
  /** As written, from the page's folder. */
  readonly path: string;
  readonly anchor: string | undefined;
}

/** Links to files and headings of ours; one within the page has the page's own name as its path. */
export function linksOf(page: string): Link[] {
  return [...readPage(page).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target]) => target!)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [path, anchor] = target.split("#");
      return { path: path || posix.basename(page), anchor };
    });
}

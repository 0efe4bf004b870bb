/** YAML or JSON text to a plain value, with the place of every key and value in the text. */
import { LineCounter, parseDocument } from "yaml";
import { ConfigError, type Problem } from "./config-error.js";
import { formatPath, type KeyPath } from "./key-path.js";
import type { Locate } from "./parse-config.js";
import { describeSyntaxError } from "./yaml-errors.js";
import { findDeepNesting } from "./yaml-nesting.js";
import { YamlTree } from "./yaml-tree.js";

/** What a text says, and where. */
export interface ParsedText {
  readonly value: unknown;
  readonly locate: Locate;
}

/**
 * Reads one YAML 1.2 document; JSON is part of YAML. Messages say that `expected` was expected.
 * @throws ConfigError for text that is not YAML, is empty, nests too deep, has a key twice in one map, or
 * aliases that stand for nothing or for too much
 */
export function parseYaml(text: string, file: string | undefined, expected = "a config"): ParsedText {
  const deep = findDeepNesting(text);
  if (deep !== undefined) throw atOffset(text, file, deep, `nested too deep for ${expected}`);
  const lines = new LineCounter();
  // With uniqueKeys the parser compares the keys of a map in pairs, which takes minutes for a large map.
  const document = parseDocument(text, {
    prettyErrors: false,
    lineCounter: lines,
    uniqueKeys: false,
    // Tags of YAML 1.1 such as !!set and !!omap make objects of other kinds, whose content nothing here would see.
    resolveKnownTags: false,
  });
  const problemAt = (offset: number, path: KeyPath, message: string): Problem => {
    const { line, col: column } = lines.linePos(offset);
    return { file, line, column, path: formatPath(path), message };
  };
  const errors = [...document.errors, ...document.warnings];
  if (errors.length > 0) {
    throw new ConfigError(
      errors.map((error) => problemAt(error.pos[0], [], describeSyntaxError(error, text))),
    );
  }
  if (document.contents === null) throw new ConfigError([wholeFile(file, `empty, expected ${expected}`)]);
  const tree = new YamlTree(document.contents);
  if (tree.faults.length > 0) {
    throw new ConfigError(tree.faults.map(({ path, offset, message }) => problemAt(offset, path, message)));
  }
  const locate: Locate = (path, target) => {
    const { line, col: column } = lines.linePos(tree.offsetOf(path, target === "key"));
    return { line, column };
  };
  return { value: tree.value, locate };
}

/** A problem of the file as a whole. */
export function wholeFile(file: string | undefined, message: string): Problem {
  return { file, line: undefined, column: undefined, path: "", message };
}

function atOffset(text: string, file: string | undefined, offset: number, message: string): ConfigError {
  const before = text.slice(0, offset);
  const line = before.split("\n").length;
  return new ConfigError([{ file, line, column: offset - before.lastIndexOf("\n"), path: "", message }]);
}

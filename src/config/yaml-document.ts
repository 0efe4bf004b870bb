/** YAML or JSON text to a plain value, with the place of every key and value in the text. */
import { LineCounter } from "yaml";
import { ConfigError, MAX_PROBLEMS, type Problem } from "./config-error.js";
import { formatPath, type KeyPath } from "./key-path.js";
import type { Locate } from "./parse-config.js";
import { composeYaml } from "./yaml-compose.js";
import { describeSyntaxError } from "./yaml-errors.js";
import { findMisfit } from "./yaml-nesting.js";
import { YamlTree } from "./yaml-tree.js";

const NOTHING_OPEN =
  "not valid YAML: found a bracket that closes nothing, expected quotes around it or one that opens before it";

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
  const misfit = findMisfit(text);
  if (misfit !== undefined) {
    const message = misfit.kind === "deep" ? `nested too deep for ${expected}` : NOTHING_OPEN;
    throw atOffset(text, file, misfit.offset, message);
  }
  const lines = new LineCounter();
  const { document, faults, isCut } = composeYaml(text, lines);
  const problemAt = (offset: number, path: KeyPath, message: string): Problem => {
    const { line, col: column } = lines.linePos(offset);
    return { file, line, column, path: formatPath(path), message };
  };
  if (faults.length > 0) {
    const first = faults.slice(0, MAX_PROBLEMS);
    const problems = first.map((fault) => problemAt(fault.pos[0], [], describeSyntaxError(fault, text)));
    throw new ConfigError(problems, { more: faults.length - first.length, isCut });
  }
  if (document === undefined || document.contents === null)
    throw new ConfigError([wholeFile(file, `empty, expected ${expected}`)]);
  const tree = new YamlTree(document.contents);
  if (tree.faults.length > 0) {
    const first = tree.faults.slice(0, MAX_PROBLEMS);
    const problems = first.map(({ path, offset, message }) => problemAt(offset, path, message));
    throw new ConfigError(problems, { more: tree.faults.length - first.length });
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

/** YAML or JSON text to a plain value, with the place of every key and value in the text. */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
} from "yaml";
import { ConfigError, type Problem } from "./config-error.js";
import { formatPath, type KeyPath } from "./key-path.js";
import type { Locate } from "./parse-config.js";
import { describeSyntaxError } from "./yaml-errors.js";
import { findDeepNesting } from "./yaml-nesting.js";

/** What a text says, and where. */
export interface ParsedText {
  readonly value: unknown;
  readonly locate: Locate;
}

/** Uses of one alias times the aliases inside it; more is an attack on memory (each may double what it stands for). */
const MAX_ALIASES = 10_000;

/** A value in the tree of the yaml package. */
type Value = Node | null | undefined;

/**
 * Reads one YAML 1.2 document; JSON is part of YAML. Messages say that `expected` was expected.
 * @throws ConfigError for text that is not YAML, is empty, nests too deep, or has a key twice in one map
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
  const badKeys = findBadKeys(document.contents, []);
  if (badKeys.length > 0) {
    throw new ConfigError(badKeys.map(({ path, offset, message }) => problemAt(offset, path, message)));
  }
  const locate: Locate = (path, target) => {
    const { line, col: column } = lines.linePos(offsetOf(document, path, target === "key"));
    return { line, column };
  };
  return { value: toValue(document, file, expected), locate };
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

function toValue(document: Document, file: string | undefined, expected: string): unknown {
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (cause) {
    // An alias without an anchor before it, or too many: the yaml package has no place for these.
    if (!(cause instanceof ReferenceError)) throw cause;
    const message = cause.message.startsWith("Unresolved")
      ? `${cause.message.replace("Unresolved alias", "unknown alias")}`
      : `too many aliases, expected ${expected}`;
    throw new ConfigError([wholeFile(file, message)], { cause });
  }
}

interface BadKey {
  readonly path: KeyPath;
  readonly offset: number;
  readonly message: string;
}

/** Keys that are twice in one map, and keys that are lists or maps. */
function findBadKeys(node: Value, path: KeyPath): BadKey[] {
  if (isSeq(node)) return node.items.flatMap((item, i) => findBadKeys(item as Value, [...path, i]));
  if (!isMap(node)) return [];
  const seen = new Set<string>();
  return (node.items as Pair<Node, Value>[]).flatMap(({ key, value }) => {
    const offset = key.range?.[0] ?? 0;
    if (!isScalar(key)) return [{ path, offset, message: "found a key that is not text, expected a word" }];
    const own = [...path, keyText(key)];
    const inner = findBadKeys(value, own);
    const double = seen.has(keyText(key));
    seen.add(keyText(key));
    return double
      ? [{ path: own, offset, message: "this key is here twice, expected it once" }, ...inner]
      : inner;
  });
}

/** As `toJS` names the key: an object has only text as keys. */
function keyText(key: Value): string {
  return isScalar(key) ? String(key.value ?? "") : String(key);
}

/** Where the value (or its key) begins, or the innermost value around it that is there. */
function offsetOf(document: Document, path: KeyPath, ofKey: boolean): number {
  let node: Value = document.contents;
  let offset = node?.range?.[0] ?? 0;
  for (const [depth, part] of path.entries()) {
    const place = isAlias(node) ? node.resolve(document) : node;
    if (isSeq(place)) {
      node = place.items[part as number] as Value;
    } else if (isMap(place)) {
      const pair = (place.items as Pair<Node, Value>[]).find(({ key }) => keyText(key) === String(part));
      if (pair === undefined) return offset;
      if (ofKey && depth === path.length - 1) return pair.key.range?.[0] ?? offset;
      node = pair.value;
    } else {
      return offset;
    }
    offset = node?.range?.[0] ?? offset;
  }
  return offset;
}

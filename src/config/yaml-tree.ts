/**
 * A parsed YAML document with its anchors, aliases and merge keys (`<<`) resolved: its plain value, and the place where
 * each key and value was written. It resolves in one pass in the order of the text, and bounds what aliases may stand for.
 */
import { isAlias, isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap } from "yaml";
import { describeValue, type KeyPath, quote } from "./key-path.js";

/** What is wrong with the tree, at an offset of the text. */
export interface TreeFault {
  readonly path: KeyPath;
  readonly offset: number;
  readonly message: string;
}

/** A value in the tree of the yaml package. */
type Value = Node | null | undefined;
type Entry = Pair<Node, Value>;
type Fields = Record<string, unknown>;

/** A node with what it stands for. */
interface Resolved {
  readonly node: Value;
  readonly value: unknown;
  /** How many values it holds, itself included, with those that aliases stand for. */
  readonly size: number;
  readonly depth: number;
  /** A fault was found, which says it all. */
  readonly isRefused?: true;
}

interface Anchor {
  /** Undefined while the walk is inside of its node. */
  resolved: Resolved | undefined;
}

/** The way from the root, last part first: an array for each node would be copied for each node. */
interface Trail {
  readonly up: Trail | undefined;
  readonly part: string | number;
}

/** Values that all aliases of a text together may stand for. Nested aliases multiply, which is an attack on memory. */
const MAX_ALIASED = 100_000;
const TOO_MANY = `too many aliases, expected that all of them together stand for at most ${MAX_ALIASED} values`;
/** Levels with those that aliases add. A config has six. */
const MAX_DEPTH = 250;

export class YamlTree {
  readonly value: unknown;
  /** In the order of the text; the value means nothing unless this is empty. */
  readonly faults: readonly TreeFault[];
  readonly #faults: TreeFault[] = [];
  readonly #root: Node;
  /** By name, the one that began last. */
  readonly #anchors = new Map<string, Anchor>();
  readonly #targets = new Map<Value, Resolved>();
  /** The pairs of a map by key, those from merge keys included. */
  readonly #entries = new Map<YAMLMap, Map<string, Entry>>();
  #aliased = 0;

  constructor(root: Node) {
    this.#root = root;
    this.value = this.#resolve(root, undefined).value;
    this.faults = this.#faults;
  }

  /** Where the value at `path` (or its key) begins, or the innermost value around it that is there. */
  offsetOf(path: KeyPath, ofKey: boolean): number {
    let node: Value = this.#root;
    let offset = startOf(node, 0);
    for (const [depth, part] of path.entries()) {
      const place: Value = this.#targets.get(node)?.node ?? node;
      if (isSeq(place)) {
        node = place.items[part as number] as Value;
      } else if (isMap(place)) {
        const entry: Entry | undefined = this.#entriesOf(place).get(String(part));
        if (entry === undefined) return offset;
        if (ofKey && depth === path.length - 1) return startOf(entry.key, offset);
        node = entry.value;
      } else {
        return offset;
      }
      offset = startOf(node, offset);
    }
    return offset;
  }

  #resolve(node: Value, trail: Trail | undefined): Resolved {
    if (isAlias(node)) return this.#resolveAlias(node, trail);
    const name = isMap(node) || isSeq(node) || isScalar(node) ? node.anchor : undefined;
    const anchor: Anchor = { resolved: undefined };
    if (name !== undefined) this.#anchors.set(name, anchor);
    anchor.resolved = this.#resolvePlain(node, trail);
    return anchor.resolved;
  }

  #resolvePlain(node: Value, trail: Trail | undefined): Resolved {
    if (isMap(node)) return this.#resolveMap(node as YAMLMap, trail);
    if (!isSeq(node)) return { node, value: isScalar(node) ? node.value : null, size: 1, depth: 1 };
    const items = node.items.map((item, part) => this.#resolve(item as Value, { up: trail, part }));
    return { node, value: items.map(({ value }) => value), ...measure(items) };
  }

  #resolveAlias(node: Node & { readonly source: string }, trail: Trail | undefined): Resolved {
    const target = this.#anchors.get(node.source)?.resolved;
    if (target === undefined) {
      const message = this.#anchors.has(node.source)
        ? `the alias ${quote(`*${node.source}`)} is inside of what it stands for`
        : `unknown alias ${quote(`*${node.source}`)}, expected an anchor ${quote(`&${node.source}`)} before it`;
      return this.#refuse(node, trail, message);
    }
    const before = this.#aliased;
    this.#aliased += target.size;
    if (before > MAX_ALIASED) return refused(node);
    if (this.#aliased > MAX_ALIASED) return this.#refuse(node, trail, TOO_MANY);
    if (target.depth > MAX_DEPTH) return this.#refuse(node, trail, "aliases nest too deep for a config");
    this.#targets.set(node, target);
    return target;
  }

  #resolveMap(node: YAMLMap, trail: Trail | undefined): Resolved {
    const value: Fields = {};
    const written = new Set<string>();
    const parts: Resolved[] = [];
    const merged: Resolved[] = [];
    for (const { key, value: inner } of node.items as Entry[]) {
      const text = keyText(key);
      const inside: Trail = { up: trail, part: text };
      if (!isScalar(key)) this.#refuse(key, trail, "found a key that is not text, expected a word");
      else if (written.has(text)) this.#refuse(key, inside, describeDouble(key));
      else this.#resolve(key, inside);
      if (isScalar(key)) written.add(text);
      const part = this.#resolve(inner, inside);
      parts.push(part);
      if (isMergeKey(key)) merged.push(...this.#mapsOf(part, inner, inside));
      else setKey(value, text, part.value);
    }
    if (merged.length > 0) this.#merge(node, value, merged);
    return { node, value, ...measure(parts) };
  }

  /** The maps that a merge key names: one, or a list of them. */
  #mapsOf(part: Resolved, written: Value, trail: Trail): readonly Resolved[] {
    if (part.isRefused) return [];
    if (isMap(part.node)) return [part];
    const items = isSeq(part.node) ? part.node.items.map((item) => item as Value) : [undefined];
    const maps = items.map((item, i): Resolved => {
      const target = this.#targets.get(item);
      return target ?? { ...part, node: item, value: (part.value as unknown[] | null)?.[i] };
    });
    if (maps.every(({ node }) => isMap(node))) return maps;
    const message = `found ${describeValue(part.value)}, expected a map, an alias of one, or a list of these`;
    this.#refuse(written, trail, message);
    return [];
  }

  /** A key of the map itself wins over a merged one, and an earlier merged map over a later one. */
  #merge(node: YAMLMap, value: Fields, merged: readonly Resolved[]): void {
    const entries = new Map(this.#entriesOf(node));
    for (const { node: from, value: fields } of merged) {
      for (const [key, entry] of this.#entriesOf(from as YAMLMap)) {
        if (entries.has(key)) continue;
        entries.set(key, entry);
        setKey(value, key, (fields as Fields)[key]);
      }
    }
    this.#entries.set(node, entries);
  }

  #entriesOf(map: YAMLMap): ReadonlyMap<string, Entry> {
    const known = this.#entries.get(map);
    if (known !== undefined) return known;
    const own = (map.items as Entry[]).filter(({ key }) => !isMergeKey(key));
    const entries = new Map(own.map((entry) => [keyText(entry.key), entry]));
    this.#entries.set(map, entries);
    return entries;
  }

  #refuse(node: Value, trail: Trail | undefined, message: string): Resolved {
    this.#faults.push({ path: toPath(trail), offset: startOf(node, 0), message });
    return refused(node);
  }
}

/** Stands for a node that cannot be resolved. */
function refused(node: Value): Resolved {
  return { node, value: null, size: 1, depth: 1, isRefused: true };
}

function measure(parts: readonly Resolved[]): { readonly size: number; readonly depth: number } {
  let size = 1;
  let depth = 0;
  for (const part of parts) {
    size += part.size;
    depth = Math.max(depth, part.depth);
  }
  return { size, depth: depth + 1 };
}

function startOf(node: Value, otherwise: number): number {
  return node?.range?.[0] ?? otherwise;
}

function toPath(trail: Trail | undefined): KeyPath {
  const path: (string | number)[] = [];
  for (let at = trail; at !== undefined; at = at.up) path.unshift(at.part);
  return path;
}

/** `<<` without quotes: https://yaml.org/type/merge.html. */
function isMergeKey(key: Value): boolean {
  return isScalar(key) && key.value === "<<" && key.type === "PLAIN";
}

function describeDouble(key: Value): string {
  const expected = isMergeKey(key) ? "once, with a list of aliases for several maps" : "it once";
  return `this key is here twice, expected ${expected}`;
}

/** An object has only text as keys; a key that is none is a fault. */
function keyText(key: Value): string {
  return isScalar(key) ? String(key.value ?? "") : "";
}

/** `__proto__` is a key like any other, and must not become the prototype. */
function setKey(fields: Fields, key: string, value: unknown): void {
  if (key !== "__proto__") fields[key] = value;
  else Object.defineProperty(fields, key, { value, enumerable: true, configurable: true, writable: true });
}

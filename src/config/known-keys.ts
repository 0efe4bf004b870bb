/** Which keys a place in a config may have, for "did you mean": read from the JSON Schema. */
import type { JsonSchema } from "./json-schema.js";
import type { KeyPath } from "./key-path.js";

/**
 * The keys of the map at `path`; none when there is no map there. Where maps of several types are possible, `type` is
 * the value of that key.
 */
export function knownKeys(schema: JsonSchema, path: KeyPath, type?: unknown): readonly string[] {
  let places: readonly JsonSchema[] = [schema];
  for (const part of path)
    places = places.flatMap((place) => alternatives(place)).flatMap((one) => step(one, part));
  const maps = places.flatMap(alternatives);
  const ofType = maps.filter(({ properties }) => type !== undefined && properties?.type?.const === type);
  const keys = (ofType.length > 0 ? ofType : maps).flatMap(({ properties }) => Object.keys(properties ?? {}));
  return [...new Set(keys)];
}

function alternatives(schema: JsonSchema): readonly JsonSchema[] {
  const inner = schema.anyOf ?? schema.oneOf;
  return inner === undefined ? [schema] : inner.flatMap(alternatives);
}

function step({ items, properties }: JsonSchema, part: string | number): readonly JsonSchema[] {
  if (typeof part === "number") return items === undefined ? [] : [items];
  return properties !== undefined && Object.hasOwn(properties, part) ? [properties[part]] : [];
}

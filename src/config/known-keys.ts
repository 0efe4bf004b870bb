/** Which keys a place in a config may have, for "did you mean": read from the JSON Schema. */
import type { JsonSchema } from "./json-schema.js";
import type { KeyPath } from "./key-path.js";

/** The keys of the map at `path`; none when there is no map there. */
export function knownKeys(schema: JsonSchema, path: KeyPath): readonly string[] {
  let places: readonly JsonSchema[] = [schema];
  for (const part of path)
    places = places.flatMap((place) => alternatives(place)).flatMap((one) => step(one, part));
  return places.flatMap(alternatives).flatMap(({ properties }) => Object.keys(properties ?? {}));
}

function alternatives(schema: JsonSchema): readonly JsonSchema[] {
  return schema.anyOf ?? [schema];
}

function step({ items, properties }: JsonSchema, part: string | number): readonly JsonSchema[] {
  if (typeof part === "number") return items === undefined ? [] : [items];
  return properties !== undefined && Object.hasOwn(properties, part) ? [properties[part]] : [];
}

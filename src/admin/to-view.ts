/** The library's figures as JSON says them: what does not exist is `null`. */

/** The same with `null` for `undefined`. */
export type Viewed<T> = T extends undefined
  ? null
  : T extends readonly (infer Item)[]
    ? Viewed<Item>[]
    : T extends object
      ? { [K in keyof T]: Viewed<T[K]> }
      : T;

/** Of plain data. Numbers that are not finite are left to `JSON.stringify`, which writes `null` for them. */
export function toView<T>(value: T): Viewed<T> {
  return convert(value) as Viewed<T>;
}

function convert(value: unknown): unknown {
  if (value === undefined) return null;
  if (Array.isArray(value)) return value.map(convert);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, convert(inner)]));
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** Without the keys that are `undefined`: for options that may be left out but not be undefined. */
export function withoutUndefined<T extends object>(fields: T): Defined<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>;
}

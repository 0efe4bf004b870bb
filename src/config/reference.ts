/** The reference page of all keys, in Markdown, made from the JSON Schema: docs/config-reference.md. */
import { createJsonSchema, type JsonSchema } from "./json-schema.js";
import { PROBE_EXAMPLES, REFERENCE_EXAMPLE } from "./reference-example.js";
import { SHORT_FORM_KEYS } from "./short-form.js";

const INTRODUCTION = `# Config reference

This page is made from the schema by \`npm run build\`; do not edit it.

A config is a YAML or JSON file in UTF-8 of at most 4 MiB, or an object of the same form given to the library. An
unknown key, a key that is there twice and a value out of bounds are errors; all are reported at once, each with its
line and column.

- **Durations** are a number and a unit: \`500ms\`, \`120s\`, \`2m\`, \`1h\`. **Sizes**: \`1500B\`, \`64KiB\`, \`4MiB\`, \`1GiB\`.
  A number without a unit is an error.
- **Addresses** are an IP address and a port: \`192.0.2.1:53\`, \`[2001:db8::1]:53\`, \`[fe80::1%eth0]:53\`. In YAML an
  IPv6 address needs quotes. Host names have their place under \`discover\`: see [discovery.md](discovery.md).
- **Anchors, aliases and merge keys** of YAML work: \`session: &short { idleTimeout: 5s }\`, then \`session: *short\`, or
  \`<<: *short\` in a map that adds keys or has other values for them. All aliases of a file together may stand for at
  most 100,000 values.
- **Two listeners** may not share an address and port; \`[::]\` takes IPv4 as well unless \`ipv6Only\` is true.
`;

/** The whole page; ends with a line break. */
export function createReference(): string {
  const sections = listSections("", createJsonSchema()).map(formatSection);
  const example = `## Example\n\nEvery key, most with its default:\n\n\`\`\`yaml\n${REFERENCE_EXAMPLE}\`\`\`\n`;
  const probes = `## Probes\n\nEvery probe with every option, each as \`pools[].health.probe\` takes it:\n\n\`\`\`yaml\n${PROBE_EXAMPLES}\`\`\`\n`;
  return [INTRODUCTION, ...sections, formatShortForm(), example, probes].join("\n");
}

/** One map of the config. */
interface Section {
  /** Such as `pools[].failover`; empty for the top level. */
  readonly path: string;
  readonly schema: JsonSchema;
  readonly description: string;
  /** Where maps of several types are possible: which of them this is. */
  readonly type?: string;
}

/** The map at `path` and all maps inside it, outermost first. */
function listSections(path: string, schema: JsonSchema, description = schema.description ?? ""): Section[] {
  const inner = Object.entries(schema.properties ?? {}).flatMap(([key, value]) => {
    const own = path === "" ? key : `${path}.${key}`;
    const items = value.items?.anyOf?.find(isMap) ?? value.items;
    if (items !== undefined && isMap(items)) return listSections(`${own}[]`, items, value.description);
    const variants = listVariants(value);
    if (variants.length > 0) return variants.map((variant) => createVariantSection(own, variant));
    return isMap(value) ? listSections(own, value) : [];
  });
  return [{ path, schema, description }, ...inner];
}

function isMap({ properties }: JsonSchema): boolean {
  return properties !== undefined;
}

/** The maps that are told apart by their key `type`. */
function listVariants({ anyOf = [], oneOf = [] }: JsonSchema): readonly JsonSchema[] {
  return [...anyOf, ...oneOf].flatMap((one) =>
    typeof one.properties?.type?.const === "string" ? [one] : listVariants(one),
  );
}

function typeOf(variant: JsonSchema): string {
  return String(variant.properties?.type?.const);
}

function createVariantSection(path: string, schema: JsonSchema): Section {
  return { path, schema, description: schema.description ?? "", type: typeOf(schema) };
}

function formatSection({ path, schema, description, type }: Section): string {
  const title = path === "" ? "Top level" : `\`${path}\`${type === undefined ? "" : ` of type ${type}`}`;
  const rows = Object.entries(schema.properties ?? {}).map(([key, value]) => {
    const isRequired = schema.required?.includes(key) ?? false;
    return `| \`${key}\` | ${describeValues(value, path, key)} | ${describeDefault(value, isRequired)} | ${cell(value.description ?? "")} |`;
  });
  const head = "| key | values | default | meaning |\n| --- | --- | --- | --- |";
  return `## ${title}\n\n${description}\n\n${head}\n${rows.join("\n")}\n`;
}

function describeValues(schema: JsonSchema, parent: string, key: string): string {
  const path = parent === "" ? key : `${parent}.${key}`;
  // A list whose title says what is in it needs no more.
  const items =
    schema.title !== undefined
      ? []
      : (schema.items?.anyOf ?? (schema.items === undefined ? [] : [schema.items]));
  if (items.length > 0) {
    const kinds = items.map((item) =>
      isMap(item) ? `maps, see ${link(`${path}[]`)}` : cell(item.title ?? ""),
    );
    return `a list of ${kinds.reverse().join(", or ")}`;
  }
  if (isMap(schema)) return `a map, see ${link(path)}`;
  const variants = listVariants(schema);
  if (variants.length > 0) return describeVariants(variants, schema, path);
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (schema.enum !== undefined) return schema.enum.map((word) => `\`${word}\``).join(", ");
  return cell(schema.title ?? schema.type ?? "");
}

function describeVariants(variants: readonly JsonSchema[], { anyOf = [] }: JsonSchema, path: string): string {
  const links = variants.map((variant) => {
    const type = typeOf(variant);
    return `[\`${type}\`](#${anchor(`${path} of type ${type}`)})`;
  });
  const words = anyOf.flatMap((one) => one.enum ?? []).map((word) => `\`${word}\``);
  const alone = words.length === 0 ? "" : `; or one of these types alone: ${words.join(", ")}`;
  return `a map of type ${links.join(", ")}${alone}`;
}

function link(path: string): string {
  return `[\`${path}\`](#${anchor(path)})`;
}

/** As GitHub makes them of headings: punctuation goes, letters become small, spaces become hyphens. */
function anchor(title: string): string {
  return title
    .replace(/[^\w -]/g, "")
    .toLowerCase()
    .replaceAll(" ", "-");
}

function describeDefault(schema: JsonSchema, isRequired: boolean): string {
  if (isRequired) return "required";
  if (schema.default === undefined) return "see meaning";
  if (schema.default === "") return "empty";
  if (Array.isArray(schema.default))
    return schema.default.length === 0 ? "none" : `\`[${schema.default.join(", ")}]\``;
  return isMap(schema) ? "its defaults" : `\`${schema.default}\``;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}

function formatShortForm(): string {
  const rows = SHORT_FORM_KEYS.map(({ key, fullPath }) => `| \`${key}\` | \`${fullPath}\` |`);
  return `## Short form

With one pool a config can be written on one level. It is the short form when it has \`listen\` or \`backends\` at the top
and neither \`listeners\` nor \`pools\`. \`listen\` is one address or a list; the other keys are short for those of the full form.

| short form | full form |
| --- | --- |
${rows.join("\n")}
`;
}

/** The reference page of the API, in Markdown, made from the OpenAPI document: docs/api.md. */

/** The parts of JSON Schema that ours is made of. */
interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly propertyNames?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly required?: readonly string[];
}
interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly description?: string;
  readonly schema: Schema;
}
type Content = Readonly<Record<string, { readonly schema: Schema }>>;
interface Operation {
  readonly summary: string;
  readonly description?: string;
  readonly tags: readonly string[];
  readonly security?: readonly unknown[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Content }>>;
}
export interface ApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

const INTRODUCTION = `# API reference

This page is made from [openapi.json](openapi.json), and that from the code, by \`npm run build\`; do not edit either.

A config with \`admin: { listen: 127.0.0.1:9901 }\` opens the API. With a token configured, every request needs
\`Authorization: Bearer …\`, but for the page, \`/healthz\` and \`/readyz\`; a read token may only \`GET\`, and not tap. Errors are an [Error](#error)
with a fitting status. Times are milliseconds (\`…Ms\`) or moments (\`…At\`, ISO 8601); numbers that do not exist are \`null\`. An unknown
key in a query or a body is an error.
`;

/** The whole page; ends with a line break. */
export function createApiReference({ paths, components }: ApiDocument): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const tags = [...new Set(operations.flatMap(({ operation }) => operation.tags))];
  const routes = tags.map((tag) => {
    const own = operations.filter(({ operation }) => operation.tags.includes(tag));
    return `## ${tag}\n\n${own.map(formatOperation).join("\n")}`;
  });
  const answers = Object.entries(components.schemas)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, schema]) => formatComponent(name, schema));
  return [INTRODUCTION, ...routes, `## Answers\n\n${answers.join("\n")}`].join("\n");
}

function formatOperation({
  path,
  method,
  operation,
}: {
  readonly path: string;
  readonly method: string;
  readonly operation: Operation;
}): string {
  const { summary, description, parameters = [], requestBody, responses, security } = operation;
  const text = [`${summary}.`, description, security?.length === 0 ? "Needs no token." : undefined];
  const rows = [
    ...parameters.map(({ name, in: place, description: meaning, schema }) =>
      row(name, place === "path" ? "path" : place, { ...schema, ...(meaning && { description: meaning }) }),
    ),
    ...Object.values(requestBody?.content ?? {}).flatMap(({ schema }) =>
      Object.entries(schema.properties ?? {}).map(([name, value]) => row(name, "body", value)),
    ),
  ];
  const table =
    rows.length === 0
      ? ""
      : `\n| name | in | values | meaning |\n| --- | --- | --- | --- |\n${rows.join("\n")}\n`;
  const answers = Object.entries(responses)
    .filter(([status]) => status !== "default")
    .map(([status, answer]) => `- ${status}: ${formatContent(answer)}`);
  return `### \`${method.toUpperCase()} ${path}\`\n\n${text.filter(Boolean).join(" ")}\n${table}\n${answers.join("\n")}\n`;
}

function formatContent({ description, content = {} }: Operation["responses"][string]): string {
  const forms = Object.entries(content).map(([type, { schema }]) =>
    schema.$ref === undefined ? `\`${type}\`` : formatType(schema),
  );
  return [forms.join(", "), description].filter((part) => part !== "").join(": ");
}

function row(name: string, place: string, schema: Schema): string {
  const byDefault = schema.default === undefined ? "" : ` Default: \`${schema.default}\`.`;
  const meaning = `${schema.description ?? ""}${byDefault}`.trim();
  return `| \`${name}\` | ${place} | ${cell(formatType(schema))} | ${cell(meaning)} |`;
}

function formatComponent(name: string, schema: Schema): string {
  const head = `### ${name}\n\n${schema.description ?? ""}`.trimEnd();
  const fields = listFields("", schema);
  if (fields.length === 0) return `${head}\n\n${formatType(schema)}\n`;
  return `${head}\n\n| field | values | meaning |\n| --- | --- | --- |\n${fields.join("\n")}\n`;
}

/** One row for each field, those of maps inside below their own. */
function listFields(prefix: string, { properties = {}, required = [] }: Schema): string[] {
  return Object.entries(properties).flatMap(([key, value]) => {
    const name = `${prefix}${key}`;
    const optional = required.includes(key) ? "" : " or missing";
    const own = `| \`${name}\` | ${cell(formatType(value))}${optional} | ${cell(value.description ?? "")} |`;
    return [own, ...listFields(`${name}.`, value), ...listFields(`${name}[].`, value.items ?? {})];
  });
}

function formatType(schema: Schema): string {
  const { $ref, type, items, anyOf, propertyNames, additionalProperties } = schema;
  if ($ref !== undefined) return link($ref.slice($ref.lastIndexOf("/") + 1));
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${value}\``).join(", ");
  if (anyOf !== undefined) return anyOf.map(formatType).join(" or ");
  if (Array.isArray(type)) return type.join(" or ");
  if (type === "array") return `list of ${formatType(items ?? {})}`;
  if (type === "object" && propertyNames !== undefined && typeof additionalProperties === "object") {
    return `map of ${formatType(additionalProperties)} by ${formatType(propertyNames)}`;
  }
  if (type === "object") return "map";
  return `${String(type ?? "anything")}${formatBounds(schema)}`;
}

function formatBounds({ type, minimum, maximum }: Schema): string {
  return type === "integer" && minimum !== undefined && maximum !== undefined
    ? ` ${minimum} to ${maximum}`
    : "";
}

function link(name: string): string {
  return `[${name}](#${name.toLowerCase()})`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}

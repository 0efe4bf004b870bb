/** Checks of queries, parameters and bodies: the zod schema of each route, put to work in fastify. */
import type { FastifySchemaCompiler } from "fastify";
import { z } from "zod";
import { RequestError } from "./request-error.js";

const MOST_ISSUES = 5;

/** For fastify's `setValidatorCompiler`. */
export const compileValidator: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart }) => {
  const part = httpPart === "querystring" ? "query" : (httpPart ?? "request");
  const integers = part === "query" ? integerKeys(schema) : [];
  return (value: unknown) => {
    const result = schema.safeParse(integers.length > 0 ? readNumbers(value, integers) : value);
    return result.success ? { value: result.data } : { error: describeIssues(part, result.error) };
  };
};

/** The keys of a query that are numbers: their texts are read before the schema sees them. */
function integerKeys(schema: z.ZodType): string[] {
  const { properties = {} } = z.toJSONSchema(schema, { io: "input" });
  return Object.keys(properties).filter((key) => (properties[key] as { type?: string }).type === "integer");
}

function readNumbers(query: unknown, keys: readonly string[]): unknown {
  const read = { ...(query as Record<string, unknown>) };
  for (const key of keys) {
    const text = read[key];
    if (typeof text === "string" && /^\d{1,10}$/.test(text)) read[key] = Number(text);
  }
  return read;
}

function describeIssues(part: string, { issues }: z.ZodError): RequestError {
  const shown = issues
    .slice(0, MOST_ISSUES)
    .map(({ path, message }) => `${[part, ...path].join(".")}: ${message}`);
  return new RequestError(400, "REQUEST_INVALID", shown.join("; "));
}

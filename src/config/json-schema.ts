/** The JSON Schema (draft 2020-12) of a config as people write it, for editors and other programs. */
import { z } from "zod";
import { configSchema } from "./schema.js";

/** The parts of JSON Schema that ours is made of. */
export interface JsonSchema {
  readonly $schema?: string;
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly type?: "object" | "array" | "string" | "integer" | "number" | "boolean";
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean;
  readonly items?: JsonSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly anyOf?: readonly JsonSchema[];
  /** Maps of several types, told apart by the constant value of their key `type`. */
  readonly oneOf?: readonly JsonSchema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** A new copy each time, so that a caller may change it. */
export function createJsonSchema(): JsonSchema {
  return z.toJSONSchema(configSchema, { io: "input", target: "draft-2020-12" }) as JsonSchema;
}

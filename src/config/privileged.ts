/**
 * The keys of a config that act with sluice's own rights: programs, files, sockets, what is sent elsewhere. The schema declares
 * each where it is defined; `privilege-check.ts` holds callers to it who have not shown who they are.
 */
import { z } from "zod";

/**
 * What a value of the key reaches. `program`, `file`, `url`, `variable`: what its text names. `port`: an address whose port
 * only root may open. `fixed`: the section as a whole says who may do what, so no part of it may change.
 */
export type PrivilegeKind = "program" | "file" | "url" | "port" | "fixed";

export interface Privilege {
  readonly privilege: PrivilegeKind;
  /** A text that reaches nothing, such as `none`. */
  readonly nothing?: string;
}

const registry = z.registry<Privilege>();

/** Declares a key of the schema privileged. */
export function privileged<T extends z.ZodType>(schema: T, privilege: PrivilegeKind, nothing?: string): T {
  registry.add(schema, { privilege, ...(nothing !== undefined && { nothing }) });
  return schema;
}

/** The schema's shape as JSON Schema, with what was declared. */
export interface PrivilegeTree extends Partial<Privilege> {
  readonly properties?: Readonly<Record<string, PrivilegeTree>>;
  readonly items?: PrivilegeTree;
  readonly anyOf?: readonly PrivilegeTree[];
  readonly oneOf?: readonly PrivilegeTree[];
}

export function createPrivilegeTree(schema: z.ZodType): PrivilegeTree {
  return z.toJSONSchema(schema, { io: "input", metadata: registry }) as PrivilegeTree;
}

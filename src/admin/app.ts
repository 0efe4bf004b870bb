/** The types that every route has: fastify with zod schemas, and what all routes are given. */
import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyTypeProvider,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from "fastify";
import type { z } from "zod";
import type { Actor, Balancer, ReloadResult } from "../api.js";
import type { ReplaceConfig } from "./admin-host.js";
import type { Access } from "./auth.js";
import type { EventLog } from "./event-log.js";
import type { History } from "./history.js";
import type { Prometheus } from "./prometheus.js";
import type { StatusView } from "./schemas.js";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Default `read`. */
    readonly access?: Access;
  }
  interface FastifyRequest {
    /** Who asks. */
    actor: Actor;
  }
}

interface ZodTypes extends FastifyTypeProvider {
  readonly validator: this["schema"] extends z.ZodType ? z.output<this["schema"]> : unknown;
  readonly serializer: this["schema"] extends z.ZodType ? z.input<this["schema"]> : unknown;
}

export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypes
>;

/** What the routes work on. */
export interface Api {
  readonly balancer: Balancer;
  /** Of sluice. */
  readonly version: string;
  readonly events: EventLog;
  readonly history: History;
  readonly prometheus: Prometheus;
  /** Newest last. */
  readonly warnings: () => StatusView["warnings"];
  readonly replaceConfig: ReplaceConfig;
  readonly warn: (code: string, message: string) => void;
  /** Reads the config file again and puts it in force; undefined where there is none. */
  readonly reloadFile: ((actor: Actor) => Promise<ReloadResult>) | undefined;
  /** Aborted when the server closes: streams end. */
  readonly closing: AbortSignal;
}

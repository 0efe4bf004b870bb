/** The admin side around a fake balancer, on real sockets, and requests to it with every header as a test wants it. */
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text as readAll } from "node:stream/consumers";
import type { TestContext } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { AdminInput } from "../config/admin-config.js";
import type { Config } from "../config/config.js";
import { parseConfig } from "../config/parse-config.js";
import { SluiceError } from "../core/errors.js";
import type { AdminHost } from "./admin-host.js";
import { type AdminSide, openAdminSide } from "./admin-side.js";
import { FakeBalancer } from "./fake-balancer.testing.js";

export const TOKEN = "token-that-may-do-everything";
export const READ_TOKEN = "token-that-may-only-look";

export interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON. */
  readonly body?: string | object;
  readonly token?: string;
  /** Over the Unix socket. */
  readonly unix?: boolean;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body as JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: each test knows what it asked for
  readonly json: any;
}

export interface Rig {
  readonly balancer: FakeBalancer;
  readonly side: AdminSide;
  readonly port: number;
  readonly socketPath: string;
  readonly warnings: { code: string; message: string }[];
  readonly ask: (path: string, ask?: Ask) => Promise<Answer>;
  /** The answer as soon as its head is there. */
  readonly open: (path: string, ask?: Ask) => Promise<IncomingMessage>;
  /** Puts another admin section in force. */
  readonly change: (admin: AdminInput | undefined) => Promise<void>;
}

export function createFolder(t: TestContext): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "sluice-test-")));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A config with this admin section. */
export function buildConfig(admin: AdminInput | undefined): Config {
  return parseConfig({
    listeners: [{ name: "dns", address: "127.0.0.1:0" }],
    pools: [{ name: "web", backends: ["127.0.0.1:9"] }],
    ...(admin && { admin }),
  });
}

/** Opens it on a free port and a Unix socket. */
export async function openRig(
  t: TestContext,
  admin: Partial<AdminInput> = {},
  host: Partial<AdminHost> = {},
): Promise<Rig> {
  const balancer = new FakeBalancer();
  const warnings: Rig["warnings"] = [];
  const socketPath = join(createFolder(t), "admin.sock");
  const side = openAdminSide({
    ...{ balancer, events: balancer, env: {}, reloadFile: undefined },
    replaceConfig: async (config, version, actor) => {
      // Others may come first.
      await nextTurn();
      if (version !== undefined && version !== balancer.config.version) {
        throw new SluiceError("CONFIG_CHANGED", "another config is in force");
      }
      return balancer.reload(config, actor);
    },
    warn: (code, message) => {
      warnings.push({ code, message });
      balancer.emit("warning", { code, message });
    },
    ...host,
  });
  t.after(() => side.close());
  const change = async (section: AdminInput | undefined): Promise<void> => {
    (await side.prepare(buildConfig(section))).commit();
  };
  await change({ listen: ["127.0.0.1:0", `unix:${socketPath}`], ...admin });
  const port = Number(
    side.addresses
      .find((text) => !text.startsWith("unix:"))
      ?.split(":")
      .at(-1),
  );
  const open: Rig["open"] = (path, { unix = false, ...ask } = {}) =>
    openRequest(unix ? { socketPath } : { port }, path, ask);
  return {
    ...{ balancer, side, port, socketPath, warnings, open, change },
    ask: async (path, ask) => readAnswer(await open(path, ask)),
  };
}

type Target = { readonly socketPath: string } | { readonly port: number };

/** A request on a connection of its own. */
export function openRequest(
  target: Target,
  path: string,
  { method = "GET", headers = {}, body, token }: Ask = {},
): Promise<IncomingMessage> {
  const sent = typeof body === "object" ? JSON.stringify(body) : body;
  return new Promise((resolve, reject) => {
    const asking = request(
      {
        ...{ host: "127.0.0.1", agent: false, ...target, path, method },
        headers: {
          ...(typeof body === "object" && { "content-type": "application/json" }),
          ...(sent !== undefined && { "content-length": String(Buffer.byteLength(sent)) }),
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...headers,
        },
      },
      resolve,
    );
    asking.once("error", reject);
    asking.end(sent);
  });
}

export async function readAnswer(message: IncomingMessage): Promise<Answer> {
  const body = await readAll(message);
  const isJson = body !== "" && message.headers["content-type"]?.startsWith("application/json") === true;
  const { statusCode: status = 0, headers } = message;
  return { status, headers, text: body, json: isJson ? JSON.parse(body) : undefined };
}

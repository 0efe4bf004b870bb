/** The page's files, as the build leaves them beside the compiled code. They hold no data, so nobody needs a token for them. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fastifyStatic from "@fastify/static";
import type { App } from "./app.js";

const FOLDER = fileURLToPath(new URL("../dashboard", import.meta.url));
const YEAR_MS = 365 * 24 * 3_600_000;

/** @param folder with `index.html` and `assets`, whose names change with their content */
export async function addPage(app: App, folder: string = FOLDER): Promise<void> {
  if (!existsSync(join(folder, "index.html"))) {
    const text = "This build of sluice has no page. The API is below /api/v1, figures are at /metrics.\n";
    app.get("/", { config: { access: "open" }, schema: { hide: true } }, (_, reply) =>
      reply.type("text/plain; charset=utf-8").send(text),
    );
    return;
  }
  await app.register(async (inner) => {
    inner.addHook("onRoute", (route) => {
      route.config = { ...route.config, access: "open" };
      route.schema = { ...route.schema, hide: true };
    });
    await inner.register(fastifyStatic, {
      root: join(folder, "assets"),
      prefix: "/assets/",
      maxAge: YEAR_MS,
      immutable: true,
    });
    inner.get("/", (_, reply) => reply.sendFile("index.html", folder, { maxAge: 0, immutable: false }));
  });
}

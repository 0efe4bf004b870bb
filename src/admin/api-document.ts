/** The OpenAPI document without a balancer: for docs/openapi.json and the page made from it. */
import type { Api } from "./app.js";
import { createApp } from "./create-app.js";
import { readVersion } from "./version.js";

/** Plain JSON. */
export async function createApiDocument(): Promise<unknown> {
  // Routes touch what they are given only when they are asked.
  const app = await createApp({ version: readVersion() } as Api, {
    rules: () => {
      throw new Error("nobody asks");
    },
    originOf: () => ({ kind: "tcp", from: undefined }),
  });
  const document = app.swagger();
  await app.close();
  return JSON.parse(JSON.stringify(document));
}

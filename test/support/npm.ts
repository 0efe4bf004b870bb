/** Runs npm in some other folder, free of the npm that runs the tests. */
import { type Finished, runProgram } from "./run-cli.js";

const TIMEOUT_MS = 180_000;

/** Where the outer npm says that it works, which is not where this one shall. */
const OUTER = ["npm_config_local_prefix", "npm_package_json", "INIT_CWD"];

export function runNpm(cwd: string, ...args: string[]): Promise<Finished> {
  const env = Object.fromEntries(OUTER.map((name) => [name, undefined]));
  const options = { cwd, env, timeoutMs: TIMEOUT_MS };
  const cli = process.env.npm_execpath;
  // npm is a shell script on Windows, which cannot be spawned; `npm test` tells where its JavaScript is.
  if (cli?.endsWith(".js")) return runProgram(process.execPath, [cli, ...args], options);
  return runProgram("npm", args, options);
}

/** For the options of a test that installs packages: without a network it is skipped, in CI it fails. */
export async function needsRegistry(): Promise<{ skip: string | false }> {
  const { code, stderr } = await runNpm(process.cwd(), "view", "yaml", "version");
  const isOffline = code !== 0 && /E(NOTFOUND|AI_AGAIN|CONNREFUSED|NETUNREACH|TIMEDOUT)/.test(stderr);
  return { skip: isOffline && !process.env.CI ? "no package registry can be reached" : false };
}

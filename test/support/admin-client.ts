/** Requests to the admin API of a balancer or a process, over TCP or a Unix socket. */
import { type Answer, type Ask, openRequest, readAnswer } from "#src/admin/admin-rig.testing.js";
import { DEADLINE_MS, eventually, within } from "./waiting.js";

export type Asker = (path: string, ask?: Ask) => Promise<Answer>;

/** @param address `127.0.0.1:9901` or `unix:` and a path */
export function createAsker(address: string, token?: string): Asker {
  const target = address.startsWith("unix:")
    ? { socketPath: address.slice(5) }
    : { port: Number(address.split(":").at(-1)) };
  return async (path, ask = {}) => {
    const whole = openRequest(target, path, { ...(token !== undefined && { token }), ...ask }).then(
      readAnswer,
    );
    return within(whole, `an answer to ${ask.method ?? "GET"} ${path}`);
  };
}

/** Waits until somebody answers with this status. */
export function answering(
  ask: Asker,
  path: string,
  status: number,
  timeoutMs = DEADLINE_MS,
): Promise<Answer> {
  return eventually(async () => {
    const answer = await ask(path);
    if (answer.status !== status) throw new Error(`${path}: ${answer.status}, expected ${status}`);
    return answer;
  }, timeoutMs);
}

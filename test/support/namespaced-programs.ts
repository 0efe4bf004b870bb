/** A balancer, backends and clients in the two namespaces of a test, each a process of its own. */
import type { Balancer, Stats } from "#src/api.js";
import type { Answer, Asking } from "./ask-program.js";
import type { Cleanup } from "./cleanup.js";
import type { Namespaces } from "./network-namespaces.js";
import { JsonProgram, programPath } from "./other-processes.js";
import { eventually } from "./waiting.js";

type End = "near" | "far";

/** A busy machine may take this long for what takes milliseconds. */
export const PATIENCE_MS = 60_000;

export interface NamespacedBalancer {
  /** Address of its first listener. */
  readonly address: string;
  report(): Promise<{ readonly stats: Stats; readonly warnings: readonly string[] }>;
}

export interface NamespacedClient {
  /** Null when nobody answered in time. */
  ask(asking: Asking): Promise<Answer | null>;
  /** Asks until somebody answers. */
  mustAsk(asking: Asking): Promise<Answer>;
}

export function programsIn(t: Cleanup, namespaces: Namespaces) {
  const start = (end: End, name: string, ...args: string[]) =>
    new JsonProgram(t, [...namespaces[end], process.execPath, programPath(name), ...args]);
  return {
    /** Its address. */
    echo: (end: End, ip: string, port = 0) => start(end, "echo-program", ip, `${port}`).next<string>(),
    async balancer(end: End, config: object): Promise<NamespacedBalancer> {
      const program = start(end, "balancer-program", JSON.stringify({ workers: 1, ...config }));
      const [{ address }] = await program.next<Balancer["listeners"]>();
      return { address, report: () => program.ask() };
    },
    async client(end: End): Promise<NamespacedClient> {
      const program = start(end, "ask-program");
      await program.next();
      const ask = (asking: Asking) => program.ask<Answer | null>(JSON.stringify(asking));
      const mustAsk = (asking: Asking) =>
        eventually(async () => {
          const answer = await ask(asking);
          if (answer === null) throw new Error(`nobody answers ${asking.to}`);
          return answer;
        }, PATIENCE_MS);
      return { ask, mustAsk };
    },
  };
}

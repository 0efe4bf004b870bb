/** The `exec` probe: a program of the operator's, which says by its exit code whether the backend works. */
import { type ChildProcess, spawn } from "node:child_process";
import type { ExecProbeConfig } from "../../config/health-config.js";
import { type Endpoint, formatIp } from "../../core/address.js";
import { failed, formatMs, type Outcome, type Probe, passed } from "../probe.js";
import { attempt } from "./attempt.js";
import { describeFault, failedBy } from "./describe-fault.js";

/** All that the program finds in its environment besides the backend, whatever sluice was started with. */
const ENVIRONMENT = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", LANG: "C.UTF-8" };

export function createExecProbe({ command }: ExecProbeConfig): Probe {
  const [program = "", ...programArguments] = command;
  return {
    type: "exec",
    run(target, timeoutMs, signal) {
      const onTimeout = () => failed(`killed after ${formatMs(timeoutMs)}`);
      return attempt({ timeoutMs, signal, onTimeout }, (settle) => {
        // A process group of its own, so that what the program started ends with it.
        const detached = process.platform !== "win32";
        const env = createEnvironment(target);
        const child = spawn(program, programArguments, { env, stdio: "ignore", detached });
        child.on("error", (error) =>
          settle(failedBy(error, (cause) => `cannot run: ${describeFault(cause)}`)),
        );
        child.on("exit", (code, byWhat) => settle(judgeExit(code, byWhat)));
        return () => endGroup(child, detached);
      });
    },
  };
}

/**
 * Ends the program and all that it started and that stayed in its group. The group's id is not given to others while a process is in
 * the group, and called right after the program's end it cannot have been given to others since: ids are used again last.
 */
function endGroup(child: ChildProcess, isGroup: boolean): void {
  if (child.pid === undefined) return;
  try {
    if (isGroup) process.kill(-child.pid, "SIGKILL");
    else child.kill("SIGKILL");
  } catch {
    // Nobody of it is left.
  }
}

/** Where the backend is. Without a shell in between, nothing in it can be read as a command. */
export function createEnvironment({ ip, port }: Endpoint): Record<string, string> {
  return { ...ENVIRONMENT, SLUICE_BACKEND_ADDRESS: formatIp(ip), SLUICE_BACKEND_PORT: String(port) };
}

export function judgeExit(code: number | null, byWhat: NodeJS.Signals | null): Outcome {
  if (code === 0) return passed("exit code 0");
  return failed(code === null ? `ended by ${byWhat}` : `exit code ${code}`);
}

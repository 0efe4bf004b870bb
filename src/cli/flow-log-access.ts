/** Whether the user that `--user` names can go on with the flow log: after a rotation, and in the process after an upgrade. */
import { accessSync, constants, lstatSync } from "node:fs";
import { dirname } from "node:path";
import type { Config } from "../config/config.js";
import type { Logger } from "./logger.js";
import type { UserFlag } from "./privileges.js";

const STDOUT = "-";

/** Called once this process is that user. */
export function warnOfFlowLog({ flowLog }: Config, { user }: UserFlag, log: Logger): void {
  const file = flowLog?.file;
  if (file === undefined || file === STDOUT) return;
  const folder = dirname(file);
  if (isThere(file) && !mayWrite(file)) {
    log.warn(
      { file },
      `the flow log cannot be opened anew by ${user}, after a reload or an upgrade: chown ${user} ${file}`,
    );
  } else if (!mayWrite(folder)) {
    log.warn(
      { file },
      `no new flow log can be made by ${user} in ${folder}: have the program that renames it make the next one ` +
        `(logrotate: create 0640 ${user}), or use a folder of ${user}`,
    );
  }
}

function isThere(file: string): boolean {
  try {
    return lstatSync(file, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}

function mayWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

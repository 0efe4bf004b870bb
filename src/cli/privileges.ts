/** `--user`: who the process becomes once its listeners are open. */
import { spawnSync } from "node:child_process";
import { SluiceError } from "../core/errors.js";

/** What `--user` says: a name or number, and after a colon a group. */
export interface UserFlag {
  readonly user: string;
  readonly group?: string;
}

const NAME = /^[A-Za-z0-9_][\w.-]{0,254}\$?$/;
const NUMBER = /^\d{1,10}$/;

/** @throws SluiceError when it is no name or number, or nothing after the colon */
export function parseUser(text: string): UserFlag {
  const [user = "", group, ...rest] = text.split(":");
  if (!NAME.test(user) || (group !== undefined && !NAME.test(group)) || rest.length > 0) {
    throw new SluiceError("USER_INVALID", "expected a user and maybe a group, such as nobody or 990:990");
  }
  return group === undefined ? { user } : { user, group };
}

/**
 * Gives up root for good: groups first, for only root may change them. Nothing happens where the process is that user
 * already.
 * @param give gives files to them; called by root still. Where it fails they stay as they are
 * @throws SluiceError when there is no such user or group, or the process may not change into it
 */
export async function dropPrivileges(
  flag: UserFlag,
  give: (uid: number, gid: number) => Promise<void>,
): Promise<void> {
  if (!process.setuid || !process.setgid || !process.setgroups) {
    throw refusal(flag, `there are no users on ${process.platform}`);
  }
  const uid = idsOf(flag.user, "-u")?.[0] ?? numberOf(flag.user);
  if (uid === undefined) throw refusal(flag, "no such user");
  const group = numberOf(flag.group) ?? flag.group ?? idsOf(flag.user, "-g")?.[0];
  if (group === undefined) throw refusal(flag, `user ${uid} has no entry, so name a group: ${uid}:GROUP`);
  if (process.getuid?.() === uid && uid !== 0) return;
  try {
    process.setgroups((flag.group === undefined && idsOf(flag.user, "-G")) || [group]);
    process.setgid(group);
    await give(uid, process.getgid?.() ?? uid).catch(() => {});
    process.setuid(uid);
  } catch (cause) {
    throw refusal(flag, cause instanceof Error ? cause.message : String(cause), cause);
  }
  if (uid !== 0 && canReturn()) throw refusal(flag, "the process could become root again");
}

/** What id(1) says of a user, by the machine's own user database; undefined when it does not know it. */
function idsOf(user: string, what: "-u" | "-g" | "-G"): number[] | undefined {
  const { status, stdout } = spawnSync("id", [what, user], { encoding: "utf8" });
  return status === 0 ? stdout.trim().split(" ").map(Number) : undefined;
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && NUMBER.test(text) ? Number(text) : undefined;
}

function canReturn(): boolean {
  try {
    process.setuid?.(0);
    return true;
  } catch {
    return false;
  }
}

function refusal({ user, group }: UserFlag, why: string, cause?: unknown): SluiceError {
  const who = group === undefined ? user : `${user}:${group}`;
  return new SluiceError("PRIVILEGES", `cannot run as ${who}: ${why}`, { cause });
}

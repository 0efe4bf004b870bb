import assert from "node:assert/strict";
import { test } from "node:test";
import { SluiceError } from "../core/errors.js";
import { dropPrivileges, parseUser } from "./privileges.js";

const onUnix = { skip: process.platform === "win32" ? "Windows has no user numbers" : false };

const noFiles = async (): Promise<void> => {};

test("parseUser: a name or number, and maybe a group", () => {
  assert.deepEqual(parseUser("nobody"), { user: "nobody" });
  assert.deepEqual(parseUser("990:dns_group"), { user: "990", group: "dns_group" });
  for (const text of ["", ":", "a:", ":b", "a:b:c", "-u", "a b", "../x"]) {
    assert.throws(() => parseUser(text), SluiceError, text);
  }
});

test(
  "dropPrivileges: refuses users that do not exist, and numbers whose group nobody knows",
  onUnix,
  async () => {
    await assert.rejects(
      () => dropPrivileges({ user: "no-such-user-here" }, noFiles),
      /cannot run as no-such-user-here: no such user/,
    );
    await assert.rejects(
      () => dropPrivileges({ user: "3999999999" }, noFiles),
      /name a group: 3999999999:GROUP/,
    );
  },
);

test("dropPrivileges: the user that runs it already needs no privileges", onUnix, async (t) => {
  if (process.getuid?.() === 0) t.skip("root is nobody else");
  else await dropPrivileges({ user: String(process.getuid?.()), group: String(process.getgid?.()) }, noFiles);
});

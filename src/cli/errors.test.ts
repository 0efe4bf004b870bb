import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigError } from "../config/config-error.js";
import { SluiceError } from "../core/errors.js";
import { AdminError } from "./admin-errors.js";
import { describeFailure } from "./errors.js";

const systemError = (fields: object): Error =>
  Object.assign(new Error("bind EADDRINUSE"), { syscall: "bind", ...fields });

test("describeFailure: a config error is exit 2 and one line a problem", () => {
  const problem = { file: "a.yaml", line: 3, column: 5, path: "pools", message: "missing" };
  const { exitCode, messages, problems } = describeFailure(
    new ConfigError([problem, { ...problem, line: 4 }]),
  );
  assert.equal(exitCode, 2);
  assert.deepEqual(messages, ["a.yaml:3:5: pools: missing", "a.yaml:4:5: pools: missing"]);
  assert.equal(problems?.length, 2);
});

test("describeFailure: an error thrown on purpose is exit 1 and its message", () => {
  const { exitCode, messages } = describeFailure(new SluiceError("LISTEN_FAILED", "cannot listen"));
  assert.deepEqual({ exitCode, messages }, { exitCode: 1, messages: ["cannot listen"] });
});

test("describeFailure: what the balancer refuses for an argument is bad usage", () => {
  const exitCodeOf = (code: string, status: number) =>
    describeFailure(new AdminError(code, "no", { status })).exitCode;
  assert.equal(exitCodeOf("ARGUMENT_INVALID", 400), 2);
  assert.equal(exitCodeOf("LISTENER_UNKNOWN", 404), 2);
  assert.equal(exitCodeOf("FLOW_UNKNOWN", 404), 1);
  assert.equal(exitCodeOf("TOKEN_NEEDED", 403), 1);
});

test("describeFailure: errors of the system in plain words", () => {
  const inUse = systemError({ code: "EADDRINUSE", address: "127.0.0.1", port: 53 });
  assert.deepEqual(describeFailure(inUse).messages, [
    "cannot bind 127.0.0.1:53: the address is in use by another program (EADDRINUSE)",
  ]);
  const unknownName = systemError({ code: "ENOTFOUND", syscall: "getaddrinfo", hostname: "x.invalid" });
  assert.deepEqual(describeFailure(unknownName).messages, [
    "cannot look up x.invalid: no such name (ENOTFOUND)",
  ]);
  assert.deepEqual(describeFailure(systemError({ code: "EXDEV" })).messages, ["bind EADDRINUSE"]);
});

test("describeFailure: anything else is a bug of ours, and says so", () => {
  const { exitCode, messages, stack } = describeFailure(new TypeError("x is not a function"));
  assert.deepEqual(
    { exitCode, messages },
    { exitCode: 1, messages: ["internal error: x is not a function"] },
  );
  assert.match(stack!, /errors\.test/);
  assert.deepEqual(describeFailure("text").messages, ["internal error: text"]);
});

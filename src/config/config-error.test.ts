import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SluiceError } from "../core/errors.js";
import { ConfigError, formatProblem, type Problem } from "./config-error.js";

const PROBLEM: Problem = { file: "sluice.yaml", line: 3, column: 7, path: "plane", message: 'found "x"' };

describe("formatProblem", () => {
  it("gives the place, the key and the message", () => {
    assert.equal(formatProblem(PROBLEM), 'sluice.yaml:3:7: plane: found "x"');
  });
  it("leaves out what is not known", () => {
    const nowhere = { ...PROBLEM, line: undefined, column: undefined };
    assert.equal(formatProblem(nowhere), 'sluice.yaml: plane: found "x"');
    assert.equal(formatProblem({ ...nowhere, file: undefined }), 'plane: found "x"');
    assert.equal(formatProblem({ ...nowhere, file: undefined, path: "" }), 'found "x"');
    assert.equal(formatProblem({ ...PROBLEM, file: undefined }), '3:7: plane: found "x"');
    assert.equal(formatProblem({ ...PROBLEM, path: "" }), 'sluice.yaml:3:7: found "x"');
  });
});

describe("ConfigError", () => {
  it("is a SluiceError with a stable code and name", () => {
    const error = new ConfigError([PROBLEM]);
    assert.ok(error instanceof SluiceError);
    assert.equal(error.code, "CONFIG_INVALID");
    assert.equal(error.name, "ConfigError");
  });
  it("lists the problems one a line", () => {
    const error = new ConfigError([PROBLEM, { ...PROBLEM, line: 4 }]);
    assert.equal(error.message, 'sluice.yaml:3:7: plane: found "x"\nsluice.yaml:4:7: plane: found "x"');
    assert.equal(error.problems.length, 2);
  });
  it("keeps all problems but shows only 50", () => {
    const error = new ConfigError(Array.from({ length: 60 }, () => PROBLEM));
    assert.equal(error.problems.length, 60);
    assert.equal(error.message.split("\n").length, 51);
    assert.match(error.message, /and 10 more problems$/);
  });
  it("does not change with the list it was given", () => {
    const problems = [PROBLEM];
    const error = new ConfigError(problems);
    problems.push(PROBLEM);
    assert.equal(error.problems.length, 1);
    assert.ok(Object.isFrozen(error.problems));
  });
});

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
  it("keeps the first 20 problems and says how many more there are", () => {
    const error = new ConfigError(Array.from({ length: 60 }, () => PROBLEM));
    assert.deepEqual([error.problems.length, error.more], [20, 40]);
    assert.equal(error.message.split("\n").length, 21);
    assert.match(error.message, /\nand 40 more problems$/);
    assert.match(new ConfigError([PROBLEM], { more: 1 }).message, /\nand 1 more problem$/);
  });
  it("keeps the count when its problems are told in other words", () => {
    const other = new ConfigError([PROBLEM, PROBLEM], { more: 3 }).with((problem) => ({
      ...problem,
      line: 9,
    }));
    assert.deepEqual([other.problems.map(({ line }) => line), other.more], [[9, 9], 3]);
  });
  it("does not change with the list it was given", () => {
    const problems = [PROBLEM];
    const error = new ConfigError(problems);
    problems.push(PROBLEM);
    assert.equal(error.problems.length, 1);
    assert.ok(Object.isFrozen(error.problems));
  });
});

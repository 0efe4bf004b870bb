/** Files with a list of backends, as a source of discovery reads them. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ConfigError, formatProblem } from "./config-error.js";
import { loadBackendsFile, loadBackendsText } from "./load-config.js";
import { parseConfig } from "./parse-config.js";

function problemsOf(text: string): string[] {
  try {
    loadBackendsText(text, "b.yaml");
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.problems.map(formatProblem);
  }
  return [];
}

describe("loadBackendsText", () => {
  const list = ["192.0.2.1:53", { address: "[2001:db8::1]:53", name: "b", weight: 2, backup: true }];

  it("reads the form of pools[].backends, in YAML and in JSON", () => {
    const { backends } = parseConfig({ listen: "127.0.0.1:1", backends: list }).pools[0];
    assert.deepEqual(loadBackendsText(JSON.stringify(list)), backends);
    const yaml = '- 192.0.2.1:53\n- address: "[2001:db8::1]:53"\n  name: b\n  weight: 2\n  backup: true\n';
    assert.deepEqual(loadBackendsText(yaml), backends);
  });

  const cases: [string, string, string[]][] = [
    ["an empty file", " \n", ["b.yaml: empty, expected a list of backends"]],
    ["an empty list", "[]", ["b.yaml:1:1: found an empty list, expected at least one backend"]],
    ["a map", "backends: []", ["b.yaml:1:1: found a map, expected a list of backends"]],
    ["nothing but a comment", "# none\n", ["b.yaml: empty, expected a list of backends"]],
    [
      "a bad value",
      "- address: 192.0.2.1:53\n  weight: -1\n",
      ["b.yaml:2:11: [0].weight: found -1, expected a whole number from 0 to 65535"],
    ],
    [
      "an unknown key",
      "- address: 192.0.2.1:53\n  wieght: 1\n",
      ['b.yaml:2:3: [0].wieght: unknown key; did you mean "weight"?'],
    ],
    [
      "a double address",
      "- 192.0.2.1:53\n- 192.0.2.1:53\n",
      ['b.yaml:2:3: [1]: "192.0.2.1:53" is already in this pool, expected each address once'],
    ],
  ];
  for (const [what, text, expected] of cases) {
    it(`refuses ${what}`, () => assert.deepEqual(problemsOf(text), expected));
  }
});

describe("loadBackendsFile", () => {
  it("says that there is no such file", () =>
    assert.rejects(loadBackendsFile("/nowhere/b.yaml"), { message: "/nowhere/b.yaml: no such file" }));
});

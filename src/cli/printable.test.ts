import assert from "node:assert/strict";
import { test } from "node:test";
import { printable } from "./printable.js";

test("printable: control characters are shown, not obeyed; other text stays", () => {
  assert.equal(printable("PING é 1\u001b[2J\r\n\u0000\u009b"), "PING é 1\\x1b[2J\\x0d\\x0a\\x00\\x9b");
});

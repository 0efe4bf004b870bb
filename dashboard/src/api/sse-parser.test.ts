import assert from "node:assert/strict";
import { test } from "node:test";
import { createSseParser } from "./sse-parser.js";

test("createSseParser reads messages whatever pieces they come in", () => {
  const stream =
    ': hello\r\nid: 7\r\nevent: backend\r\ndata: {"a":1}\r\n\r\nretry: 10\n\ndata: x\ndata:y\n\n';
  const expected = [
    { id: "7", event: "backend", data: '{"a":1}' },
    { id: "7", event: "message", data: "x\ny" },
  ];
  for (const size of [1, 2, 3, 7, stream.length]) {
    const parser = createSseParser();
    const messages = [];
    for (let at = 0; at < stream.length; at += size)
      messages.push(...parser.feed(stream.slice(at, at + size)));
    assert.deepEqual(messages, expected, `pieces of ${size}`);
  }
});

test("createSseParser keeps a message that is not finished", () => {
  const parser = createSseParser();
  assert.deepEqual(parser.feed("data: half\n"), []);
  assert.deepEqual(parser.feed("\n"), [{ id: "", event: "message", data: "half" }]);
});

import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import { openTerminal } from "./terminal.js";

const LEFT = "\u001b[?7h\u001b[?25h\u001b[?1049l";

/** A terminal that remembers what is written to it. */
function createFake() {
  const input = Object.assign(new EventEmitter(), {
    isRaw: false,
    setRawMode: (_on: boolean) => {},
    pause() {},
  });
  input.setRawMode = (on) => {
    input.isRaw = on;
  };
  const written: string[] = [];
  const output = Object.assign(new EventEmitter(), {
    ...{ columns: 90, rows: 30 },
    write: (text: string) => written.push(text),
  });
  const keys: string[] = [];
  let resizes = 0;
  const terminal = openTerminal(
    input as unknown as NodeJS.ReadStream,
    output as unknown as NodeJS.WriteStream,
    { onKeys: (text) => keys.push(text), onResize: () => resizes++ },
  );
  const endings = () => written.filter((text) => text.includes(LEFT)).length;
  return { terminal, input, output, written, keys, resizes: () => resizes, endings };
}

test("openTerminal: another screen without a cursor, keys as they come, and everything back", () => {
  const { terminal, input, output, written, keys, resizes, endings } = createFake();
  assert.match(written[0], /\?1049h/);
  assert.equal(input.isRaw, true);
  input.emit("data", Buffer.from("d\u001b[A"));
  output.emit("resize");
  assert.deepEqual(keys, ["d\u001b[A"]);
  assert.equal(resizes(), 1);
  assert.deepEqual(terminal.size(), { columns: 90, rows: 30 });
  terminal.close();
  terminal.close();
  assert.equal(endings(), 1);
  assert.equal(input.isRaw, false);
  terminal.draw(["too late"]);
  input.emit("data", Buffer.from("x"));
  assert.ok(!written.join("").includes("too late"));
  assert.equal(keys.length, 1);
});

test("openTerminal: a line is cleared before it is written, so that its last character stays", () => {
  const { terminal, written } = createFake();
  terminal.draw(["ab", "cd"]);
  terminal.close();
  assert.equal(written[1], "\u001b[H\u001b[Kab\r\n\u001b[Kcd");
});

test("openTerminal: a crash and an exit leave the terminal as it was", () => {
  for (const event of ["uncaughtExceptionMonitor", "exit"] as const) {
    const { terminal, endings } = createFake();
    // The last listener is the one that was added by it.
    const listeners = process.listeners(event as "exit");
    listeners[listeners.length - 1].call(process, 1);
    assert.equal(endings(), 1, event);
    terminal.close();
    assert.equal(process.listeners(event as "exit").length, listeners.length - 1);
  }
});

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  backendSample,
  countersSample,
  drops,
  eventSamples,
  historySample,
  statusSample,
} from "../samples.testing.js";
import { coloured, plain } from "../view/style.js";
import { textWidth } from "../view/text-width.js";
import { renderTop } from "./render-top.js";
import { pressKey, readKeys } from "./top-keys.js";
import type { TopSample } from "./top-sample.js";
import { createTopState, shownRows, type TopState, withSample } from "./top-state.js";

const NAMES = ["b", "a", "c"];

function sample(names: readonly string[] = NAMES, some: Partial<TopSample> = {}): TopSample {
  return {
    status: statusSample(),
    backends: names.map((name, i) => backendSample(name, { activeFlows: 10 * i, refused: i })),
    counters: countersSample(names),
    history: historySample(names),
    events: eventSamples(),
    ...some,
  };
}

const start = (some?: TopSample): TopState => createTopState("127.0.0.1:9901", some ?? sample(), 0);
const press = (state: TopState, ...keys: string[]): TopState =>
  keys.reduce((before, key) => pressKey(before, key).state, state);
const order = (state: TopState): string[] => shownRows(state).map(({ name }) => name);
const at = (columns: number, rows: number) => ({ columns, rows, paint: plain });
// biome-ignore lint/suspicious/noControlCharactersInRegex: the test's own colours.
const withoutColours = (line: string): string => line.replace(/\u001b\[\d+m/g, "");

test("readKeys: names for what has one, characters as they are, nothing for what nobody knows", () => {
  assert.deepEqual(readKeys("j\u001b[A\u001bOB\r\u007f\u001b[5~é"), [
    "j",
    "up",
    "down",
    "enter",
    "backspace",
    "page-up",
    "é",
  ]);
  assert.deepEqual(readKeys("\u001b"), ["escape"]);
  assert.deepEqual(readKeys("\u001b[200~\u0001\u001b[1;5D"), []);
  assert.deepEqual(readKeys("\u0003"), ["ctrl-c"]);
});

test("top: rows are sorted by each column in turn, largest first, and turned round", () => {
  let state = start();
  assert.deepEqual(order(state), ["web/a", "web/b", "web/c"]);
  state = press(state, "s");
  assert.equal(state.sort, "state");
  state = press(state, "s");
  assert.equal(state.sort, "flows");
  assert.deepEqual(order(state), ["web/c", "web/a", "web/b"]);
  assert.deepEqual(order(press(state, "r")), ["web/b", "web/a", "web/c"]);
  assert.equal(press(state, ..."ssssssss").sort, "name");
});

test("top: by state, what needs a look comes first", () => {
  const some = sample();
  const [one] = some.backends;
  const backends = [
    { ...one, name: "a", health: "up" as const },
    { ...one, name: "b", health: "failing" as const },
    { ...one, name: "c", health: "half-open" as const },
    { ...one, name: "d", admin: "draining" as const, health: "up" as const },
    { ...one, name: "e", health: "untried" as const },
    { ...one, name: "f", health: "ejected" as const },
    { ...one, name: "g", health: "down" as const },
  ];
  const state = { ...start({ ...some, backends }), sort: "state" as const };
  assert.deepEqual(order(state), ["web/b", "web/g", "web/f", "web/c", "web/d", "web/e", "web/a"]);
});

test("top: a row without the figure comes last, whichever way round", () => {
  const some = sample();
  some.history.backends[0].p99Ms.fill(null);
  const state = { ...start(some), sort: "p99" as const };
  assert.equal(order(state).at(-1), "web/b");
  assert.equal(order({ ...state, isReversed: true }).at(-1), "web/b");
});

test("top: loss is of the requests that history has, and never below nothing", () => {
  const [first, second] = start().rows;
  assert.equal(first.loss, 0);
  assert.equal(second.loss, 0.1);
  const more = sample();
  more.history.backends[0].replies.fill(99);
  assert.equal(start(more).rows[0].loss, 0);
  const quiet = sample();
  quiet.history.backends[0].requests.fill(0);
  assert.equal(start(quiet).rows[0].loss, undefined);
});

test("top: the selection stays on its backend through samples, and moves within the table", () => {
  let state = press(start(), "j", "down");
  assert.equal(state.selected, "web/c");
  state = withSample(press(state, "j"), sample(["c", "x"]), 1);
  assert.equal(state.selected, "web/c");
  assert.equal(withSample(state, sample(["x"]), 2).selected, "web/x");
  assert.equal(withSample(state, sample([]), 2).selected, undefined);
  assert.equal(press(start(), "end").selected, "web/c");
  assert.equal(press(start(), "end", "k", "home").selected, "web/a");
});

test("top: an action needs a yes, for the backend that was selected when it was asked for", () => {
  const asked = press(start(), "j", "d");
  assert.match(renderTop(asked, at(80, 24)).at(-1) ?? "", /^drain web\/b\? y\/n$/);
  const moved = withSample(asked, sample(["z", "a"]), 1);
  const { effect, state } = pressKey(moved, "y");
  assert.equal(effect?.kind === "act" && effect.row.name, "web/b");
  assert.equal(state.mode.kind, "table");
  for (const key of ["n", "escape", "enter", "d", "q"]) {
    const no = pressKey(asked, key);
    assert.equal(no.effect, undefined, key);
    assert.equal(no.state.message, "nothing was changed");
  }
});

test("top: a weight is typed, checked and confirmed", () => {
  const { effect } = pressKey(press(start(), "w", "1", "x", "2", "backspace", "5", "enter"), "y");
  assert.deepEqual(effect?.kind === "act" && effect.action, { kind: "weight", weight: 15 });
  assert.match(press(start(), "w", ..."70000", "enter").message ?? "", /0 to 65535/);
  assert.match(press(start(), "w", "enter").message ?? "", /whole number/);
  assert.equal(press(start(), "w", "1", "escape").mode.kind, "table");
});

test("top: nothing can be done where nothing is selected", () => {
  for (const key of ["d", "e", "D", "w"]) assert.equal(press(start(sample([])), key).mode.kind, "table");
});

test("top: the filter narrows while it is typed, Esc brings back what was there", () => {
  const typed = press(start(), "/", "W", "e", "b", "/", "c");
  assert.deepEqual(order(typed), ["web/c"]);
  assert.equal(typed.selected, "web/c");
  assert.deepEqual(order(press(typed, "enter")), ["web/c"]);
  assert.equal(order(press(typed, "escape")).length, 3);
  assert.equal(order(press(typed, "enter", "escape")).length, 3);
  assert.ok(renderTop(press(start(), "/", "n", "o", "p", "e"), at(80, 24)).includes("no backend matches"));
});

test("top: q and Ctrl-C quit; in a prompt q is a letter", () => {
  assert.equal(pressKey(start(), "q").effect?.kind, "quit");
  assert.equal(pressKey(press(start(), "/"), "q").effect, undefined);
  assert.equal(pressKey(press(start(), "/"), "ctrl-c").effect?.kind, "quit");
  assert.equal(pressKey(press(start(), "?"), "q").state.mode.kind, "table");
});

test("renderTop: header, table, drops and events", () => {
  const lines = renderTop(start(), at(120, 30));
  assert.match(
    lines[0],
    /^sluice 1\.2\.3 .* up 1h02m {2}batched plane, 2 workers {2}config 3 {2}127\.0\.0\.1:9901/,
  );
  assert.equal(lines[1], "120 flows   100 req/s   95 rep/s   2 drops/s");
  assert.equal(lines[2], "drops: no_backend 7 (+4)  late_reply 12");
  assert.match(
    lines[4],
    /^BACKEND▴ +ADDRESS +STATE +WEIGHT +FLOWS +REQ\/S +REP\/S +P50 +P99 +OUTST +REFUSED +LOSS$/,
  );
  assert.match(lines[5], /^web\/a +192\.0\.2\.1:9001 +up +1 +10 +200 +190 +0\.70ms +9ms +2 +1 +10\.0 %$/);
  assert.ok(lines.includes("EVENTS"));
  assert.match(lines.at(-2) ?? "", /\d\d:\d\d:\d\d operator: drain web\/a/);
  assert.match(lines.at(-1) ?? "", /^d drain .* web\/a: up for 1m01s, weight 1: probes succeed$/);
});

test("renderTop: exactly as many lines as the terminal has, none wider, from 60 to 300 columns and beyond", () => {
  const names = Array.from({ length: 50 }, (_, i) => `backend-with-a-long-name-${i}`);
  const many = sample(names, {
    events: [
      ...eventSamples(),
      { id: 9, at: "never", type: "warning", data: { message: "日本".repeat(200) } },
    ],
  });
  for (const state of [
    start(many),
    press(start(many), "?"),
    press(start(many), "/", "x"),
    { ...start(many), error: "x".repeat(999) },
  ]) {
    for (const columns of [1, 20, 60, 61, 79, 80, 100, 132, 200, 300]) {
      for (const rows of [1, 3, 5, 10, 24, 60]) {
        const lines = renderTop(state, { columns, rows, paint: coloured });
        assert.equal(lines.length, rows, `${columns}x${rows}`);
        for (const line of lines)
          assert.ok(textWidth(withoutColours(line)) <= columns, `${columns}: ${line}`);
      }
    }
  }
});

test("renderTop: at 60 columns name, state, rates, p99 and loss are still there", () => {
  const lines = renderTop(start(), at(60, 24));
  assert.match(lines[4], /^BACKEND▴ +STATE +.*REQ\/S +REP\/S .*P99 +LOSS$/);
  assert.match(lines[5], /^web\/a +up/);
});

test("renderTop: the selected row stays on the screen", () => {
  const names = Array.from({ length: 100 }, (_, i) => `n${String(i).padStart(3, "0")}`);
  let state = start(sample(names));
  for (let i = 0; i < 100; i++) {
    const lines = renderTop(state, {
      ...at(80, 20),
      paint: (text, style) => (style === "inverse" ? `>${text}` : text),
    });
    assert.ok(
      lines.slice(4).some((line) => line.startsWith(`>web/${names[i]} `)),
      `${i}\n${lines.join("\n")}`,
    );
    state = press(state, "j");
  }
});

test("renderTop: a balancer that no longer answers is told above figures that have grown old", () => {
  const state = { ...start(), error: "nothing listens on 127.0.0.1:9901", isPaused: true };
  assert.match(renderTop(state, at(200, 24))[3], /^nothing listens on 127\.0\.0\.1:9901 {3}paused/);
});

test("renderTop: nothing that a balancer says reaches the terminal as an escape sequence", () => {
  const evil = "\u001b]0;owned\u0007\u009b2J\u202e";
  const bad = sample(NAMES, {
    status: statusSample({ version: evil, plane: evil, drops: { ...drops(), [evil]: 3 } as never }),
    backends: [backendSample(evil, { pool: evil, reason: evil, address: evil, admin: evil as "enabled" })],
    events: [{ id: 1, at: evil, type: evil as "warning", data: { [evil]: evil } }],
  });
  for (const state of [
    start(bad),
    press(start(bad), "d"),
    press(start(bad), "w"),
    { ...start(bad), error: evil, message: evil },
  ]) {
    const text = renderTop(state, { columns: 300, rows: 30, paint: plain }).join("");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these must not be there.
    assert.doesNotMatch(text, /[\u0000-\u001f\u007f-\u009f\u202e]/);
  }
});

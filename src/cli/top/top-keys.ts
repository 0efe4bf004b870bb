/** The keys of `sluice top`: what was pressed, and what it does to the state. */

import type { TopRow } from "./top-sample.js";
import {
  keepSelection,
  moveSelection,
  SORT_KEYS,
  selectedRow,
  type TopAction,
  type TopMode,
  type TopState,
} from "./top-state.js";

/** What the state cannot do by itself. */
export type TopEffect =
  | { readonly kind: "quit" }
  | { readonly kind: "act"; readonly row: TopRow; readonly action: TopAction };

export interface KeyResult {
  readonly state: TopState;
  readonly effect?: TopEffect;
}

const PAGE = 10;
const MAX_WEIGHT = 65_535;
const MAX_FILTER = 60;

/** Keys that have a name, as terminals send them: xterm's control sequences and the C0 characters. */
const NAMED: Readonly<Record<string, string>> = {
  "\u001b[A": "up",
  "\u001bOA": "up",
  "\u001b[B": "down",
  "\u001bOB": "down",
  "\u001b[5~": "page-up",
  "\u001b[6~": "page-down",
  "\u001b[H": "home",
  "\u001b[1~": "home",
  "\u001b[F": "end",
  "\u001b[4~": "end",
  "\u001b": "escape",
  "\r": "enter",
  "\n": "enter",
  "\u007f": "backspace",
  "\b": "backspace",
  "\u0003": "ctrl-c",
};

/** What a terminal sent, as names of keys or single characters; sequences that nobody here knows are left out. */
export function readKeys(text: string): string[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a terminal sends for a key.
  const pieces = text.match(/\u001b\[[\d;?]*[ -/]*[@-~]|\u001bO.|[\s\S]/gu) ?? [];
  return pieces.flatMap((piece) => {
    const name = NAMED[piece];
    if (name !== undefined) return [name];
    return /\p{Cc}/u.test(piece) ? [] : [piece];
  });
}

export function pressKey(state: TopState, key: string): KeyResult {
  if (key === "ctrl-c") return { state, effect: { kind: "quit" } };
  switch (state.mode.kind) {
    case "help":
      return { state: inMode(state, TABLE) };
    case "filter":
      return { state: typeFilter(state, key, state.mode.before) };
    case "weight":
      return { state: typeWeight(state, key, state.mode) };
    case "confirm":
      return confirm(state, key, state.mode);
    case "table":
      return pressInTable({ ...state, message: undefined }, key);
  }
}

const TABLE: TopMode = { kind: "table" };

function pressInTable(state: TopState, key: string): KeyResult {
  if (key === "q") return { state, effect: { kind: "quit" } };
  return { state: TABLE_KEYS[key]?.(state) ?? state };
}

const TABLE_KEYS: Readonly<Record<string, (state: TopState) => TopState>> = {
  up: (state) => moveSelection(state, -1),
  k: (state) => moveSelection(state, -1),
  down: (state) => moveSelection(state, 1),
  j: (state) => moveSelection(state, 1),
  "page-up": (state) => moveSelection(state, -PAGE),
  "page-down": (state) => moveSelection(state, PAGE),
  home: (state) => moveSelection(state, -state.rows.length),
  end: (state) => moveSelection(state, state.rows.length),
  s: (state) => ({ ...state, sort: SORT_KEYS[(SORT_KEYS.indexOf(state.sort) + 1) % SORT_KEYS.length] }),
  r: (state) => ({ ...state, isReversed: !state.isReversed }),
  p: (state) => ({ ...state, isPaused: !state.isPaused }),
  "?": (state) => inMode(state, { kind: "help" }),
  "/": (state) => inMode(state, { kind: "filter", before: state.filter }),
  escape: (state) => keepSelection({ ...state, filter: "" }),
  d: (state) => ask(state, { kind: "drain" }),
  e: (state) => ask(state, { kind: "enable" }),
  D: (state) => ask(state, { kind: "disable" }),
  w: (state) => {
    const row = selectedRow(state);
    return row === undefined ? state : inMode(state, { kind: "weight", row, text: "" });
  },
};

/** The backend is the one that was selected when the key was pressed, whatever the table does meanwhile. */
function ask(state: TopState, action: TopAction): TopState {
  const row = selectedRow(state);
  return row === undefined ? state : inMode(state, { kind: "confirm", row, action });
}

function confirm(state: TopState, key: string, { row, action }: TopMode & { kind: "confirm" }): KeyResult {
  const after = inMode(state, TABLE);
  if (key !== "y" && key !== "Y") return { state: { ...after, message: "nothing was changed" } };
  return { state: after, effect: { kind: "act", row, action } };
}

function typeFilter(state: TopState, key: string, before: string): TopState {
  if (key === "enter") return inMode(state, TABLE);
  if (key === "escape") return keepSelection({ ...inMode(state, TABLE), filter: before });
  return keepSelection({ ...state, filter: typed(state.filter, key).slice(0, MAX_FILTER) });
}

function typeWeight(state: TopState, key: string, mode: TopMode & { kind: "weight" }): TopState {
  if (key === "escape") return inMode(state, TABLE);
  if (key !== "enter") return inMode(state, { ...mode, text: typed(mode.text, /^\D$/.test(key) ? "" : key) });
  const weight = Number(mode.text);
  if (mode.text === "" || weight > MAX_WEIGHT) {
    return { ...inMode(state, TABLE), message: `a weight is a whole number from 0 to ${MAX_WEIGHT}` };
  }
  return inMode(state, { kind: "confirm", row: mode.row, action: { kind: "weight", weight } });
}

/** A character is added, backspace takes one away, and other keys do nothing. */
function typed(text: string, key: string): string {
  if (key === "backspace") return [...text].slice(0, -1).join("");
  return [...key].length === 1 ? text + key : text;
}

function inMode(state: TopState, mode: TopMode): TopState {
  return { ...state, mode };
}

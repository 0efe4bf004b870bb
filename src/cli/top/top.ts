/** `sluice top`: asks once a second, draws, and does what keys say. */
import { setTimeout as delay } from "node:timers/promises";
import { askBackendChange } from "../admin-answers.js";
import type { AdminClient } from "../admin-client.js";
import { type AskFlags, withAdmin } from "../admin-command.js";
import { UsageError } from "../errors.js";
import { abortOnStop } from "../stop-signal.js";
import { choosePainter } from "../view/style.js";
import { describeAction, renderTop } from "./render-top.js";
import { openTerminal } from "./terminal.js";
import { pressKey, readKeys, type TopEffect } from "./top-keys.js";
import { askSample } from "./top-sample.js";
import { createTopState, type TopAction, type TopState, withSample } from "./top-state.js";

const REFRESH_MS = 1_000;

export function runTop(flags: AskFlags): Promise<void> {
  if (!process.stdin.isTTY || !process.stdout.isTTY) {
    throw new UsageError("top needs a terminal; for scripts there is sluice status --json");
  }
  return withAdmin(flags, async (client) => {
    // Before anything is drawn: when nobody answers at all, that is an error like any other command's.
    const sample = await askSample(client);
    await watch(client, createTopState(client.access.address.text, sample, Date.now()));
  });
}

async function watch(client: AdminClient, first: TopState): Promise<void> {
  let state = first;
  const stop = abortOnStop();
  const quit = new AbortController();
  const ended = AbortSignal.any([stop.signal, quit.signal]);
  const paint = choosePainter(process.stdout, process.env);
  const draw = (): void => terminal.draw(renderTop(state, { ...terminal.size(), paint }));
  const change = (next: TopState): void => {
    state = next;
    draw();
  };
  const run = async (effect: TopEffect): Promise<void> => {
    if (effect.kind === "quit") return quit.abort();
    const message = await act(client, effect.row, effect.action);
    change({ ...state, message });
    change(await refreshed(client, () => state));
  };
  const terminal = openTerminal(process.stdin, process.stdout, {
    onKeys(text) {
      for (const key of readKeys(text)) {
        const { state: next, effect } = pressKey(state, key);
        change(next);
        if (effect !== undefined) void run(effect);
      }
    },
    onResize: draw,
  });
  try {
    draw();
    while (!ended.aborted) {
      await delay(REFRESH_MS, undefined, { signal: ended }).catch(() => {});
      if (ended.aborted) break;
      if (!state.isPaused) change(await refreshed(client, () => state));
    }
  } finally {
    terminal.close();
    stop.close();
  }
}

/** Keys may change the state while the balancer is asked, so it is read afterwards. */
async function refreshed(client: AdminClient, current: () => TopState): Promise<TopState> {
  try {
    const sample = await askSample(client);
    return withSample(current(), sample, Date.now());
  } catch (error) {
    return { ...current(), error: messageOf(error) };
  }
}

/** What became of it, for people. */
async function act(
  client: AdminClient,
  { backend, name }: TopState["rows"][number],
  action: TopAction,
): Promise<string> {
  try {
    await askBackendChange(client, backend, changeOf(action));
    return `${describeAction(action, name)}: done`;
  } catch (error) {
    return `could not ${describeAction(action, name)}: ${messageOf(error)}`;
  }
}

function changeOf(action: TopAction): { readonly admin?: string; readonly weight?: number } {
  switch (action.kind) {
    case "drain":
      return { admin: "draining" };
    case "enable":
      return { admin: "enabled" };
    case "disable":
      return { admin: "disabled" };
    case "weight":
      return { weight: action.weight };
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

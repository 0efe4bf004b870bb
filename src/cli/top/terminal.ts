/**
 * The terminal as `sluice top` uses it: the alternate screen, keys without Enter, and everything as it was before however
 * the process ends (xterm's control sequences, which every terminal of today knows).
 */

export interface Terminal {
  size(): { readonly columns: number; readonly rows: number };
  /** Replaces the whole screen, with as many lines as it has. */
  draw(lines: readonly string[]): void;
  /** Puts everything back. */
  close(): void;
}

export interface TerminalEvents {
  onKeys(text: string): void;
  onResize(): void;
}

/** Alternate screen, no cursor, no wrapping at the right edge; and back. */
const ENTER = "\u001b[?1049h\u001b[?25l\u001b[?7l\u001b[2J";
const LEAVE = "\u001b[?7h\u001b[?25h\u001b[?1049l";
const HOME = "\u001b[H";
const CLEAR_LINE = "\u001b[K";

export function openTerminal(
  input: NodeJS.ReadStream,
  output: NodeJS.WriteStream,
  { onKeys, onResize }: TerminalEvents,
): Terminal {
  let isOpen = true;
  const onData = (chunk: Buffer): void => onKeys(chunk.toString("utf8"));
  const close = (): void => {
    if (!isOpen) return;
    isOpen = false;
    process.off("exit", close);
    process.off("uncaughtExceptionMonitor", close);
    output.off("resize", onResize);
    input.off("data", onData);
    input.setRawMode(false);
    input.pause();
    output.write(LEAVE);
  };
  // A bug must not leave a terminal that shows nothing of what one types; its message comes after this.
  process.on("uncaughtExceptionMonitor", close);
  process.on("exit", close);
  output.write(ENTER);
  input.setRawMode(true);
  input.on("data", onData);
  output.on("resize", onResize);
  return {
    size: () => ({ columns: output.columns || 80, rows: output.rows || 24 }),
    draw(lines) {
      if (!isOpen) return;
      // Cleared before it is written: after a line as wide as the terminal the cursor stands on its last character.
      output.write(`${HOME}${lines.map((line) => `${CLEAR_LINE}${line}`).join("\r\n")}`);
    },
    close,
  };
}

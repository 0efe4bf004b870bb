/** Cuts a `text/event-stream` (WHATWG HTML, 9.2.6) into its messages. Fed with text as it comes, in pieces of any size. */

export interface StreamMessage {
  /** The last id seen; what `Last-Event-ID` asks to go on from. */
  readonly id: string;
  readonly event: string;
  readonly data: string;
}

export function createSseParser(): { readonly feed: (text: string) => StreamMessage[] } {
  let rest = "";
  let id = "";
  let event = "";
  let data: string[] = [];

  const takeLine = (line: string): StreamMessage | undefined => {
    if (line === "") {
      const message = data.length > 0 ? { id, event: event || "message", data: data.join("\n") } : undefined;
      event = "";
      data = [];
      return message;
    }
    const colon = line.indexOf(":");
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "id" && !value.includes("\0")) id = value;
    if (field === "event") event = value;
    if (field === "data") data.push(value);
    return undefined;
  };

  return {
    feed: (text) => {
      // A lone CR at the end may be half of a CRLF: it waits for what follows.
      const lines = (rest + text).split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop()!;
      return lines.map(takeLine).filter((message) => message !== undefined);
    },
  };
}

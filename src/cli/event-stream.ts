/** Reads `text/event-stream` (WHATWG HTML, section 9.2.6), as the admin API sends events. */

export interface StreamedEvent {
  readonly id: string | undefined;
  readonly type: string;
  readonly data: string;
}

/** Longer than any event; a server that sends no line end must not fill the memory. */
const MAX_LINE = 4 * 1024 * 1024;

/** Ends with the stream; what is not a whole event then is left out. @throws RangeError for a line of more than 4 MiB */
export async function* readEventStream(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<StreamedEvent> {
  let fields: Record<string, string> = {};
  for await (const line of readLines(chunks)) {
    if (line === "") {
      const { id, event: type = "message", data } = fields;
      if (data !== undefined) yield { id, type, data };
      fields = {};
      continue;
    }
    const [, name, value = ""] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
    // A line that begins with a colon is a comment: the server's sign of life.
    if (name === "data" && fields.data !== undefined) fields.data += `\n${value}`;
    else if (name === "id" || name === "event" || name === "data") fields[name] = value;
  }
}

/** Lines end in LF or CRLF. */
async function* readLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() as string;
    if (rest.length > MAX_LINE) throw new RangeError("a line of the event stream is too long");
    for (const line of lines) yield line.endsWith("\r") ? line.slice(0, -1) : line;
  }
}

/** `sluice tap`: copies of a client's datagrams, as a file that Wireshark and tcpdump read. */
import { once } from "node:events";
import { open } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import type { Writable } from "node:stream";
import { parseClient } from "../core/client-address.js";
import { parseFlowId } from "../core/flow-id.js";
import type { AdminClient } from "./admin-client.js";
import { type AskFlags, withAdmin } from "./admin-command.js";
import { describeNoAnswer, notSluice } from "./admin-errors.js";
import { readArgument, UsageError } from "./errors.js";
import { PcapngBlocks, PcapngError } from "./pcapng-blocks.js";
import { abortOnStop } from "./stop-signal.js";
import { formatBytes, formatCount, plural } from "./view/figures.js";

export interface TapFlags extends Omit<AskFlags, "json"> {
  /** `-` is stdout. */
  readonly write: string;
  readonly flow?: string;
  readonly listener?: string;
  readonly snap?: number;
  readonly max?: number;
  readonly seconds?: number;
}

/** Until the balancer ends it, Ctrl-C, or nobody reads any more. */
export function tap(
  client: string | undefined,
  { write, flow, listener, snap, max, seconds, ...flags }: TapFlags,
) {
  if (client === undefined && flow === undefined && listener === undefined) {
    throw new UsageError("whose datagrams? Give a CLIENT, --flow or --listener");
  }
  if (client !== undefined) readArgument("client", client, parseClient);
  if (flow !== undefined) readArgument("--flow", flow, parseFlowId);
  if (write === "-" && process.stdout.isTTY) {
    throw new UsageError(
      "a terminal cannot show datagrams: write a file, or pipe them: -w - | tcpdump -nr -",
    );
  }
  return withAdmin(flags, async (admin, output) => {
    const stop = abortOnStop();
    try {
      const query = { client, flow, listener, snap, max, seconds };
      const headers = { accept: "application/x-pcapng" };
      const stream = await admin.stream("/api/v1/tap", { query, headers, signal: stop.signal });
      const blocks = new PcapngBlocks();
      await copyBlocks(explained(stream, admin, stop.signal), blocks, write)
        .catch((error) => {
          throw error instanceof PcapngError ? notSluice(admin.access, error.message) : error;
        })
        .finally(() => stream.destroy());
      const lost =
        blocks.missed > 0 ? `, and ${formatCount(blocks.missed)} more that came too fast to copy` : "";
      output.note(`${plural(blocks.datagrams, "datagram")}${lost}: ${formatBytes(blocks.bytes)}`);
    } finally {
      stop.close();
    }
  });
}

/** The stream, whose end by Ctrl-C is no error, and whose other errors say what happened. */
async function* explained(
  stream: IncomingMessage,
  { access }: AdminClient,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  try {
    yield* stream as AsyncIterable<Buffer>;
  } catch (error) {
    if (!signal.aborted) throw describeNoAnswer(error, access);
  }
}

/** Whole blocks only, wherever the stream breaks off. */
async function copyBlocks(chunks: AsyncIterable<Buffer>, blocks: PcapngBlocks, file: string): Promise<void> {
  const target = await openTarget(file);
  try {
    for await (const chunk of chunks) {
      if (!(await target.write(blocks.push(chunk)))) return;
    }
  } finally {
    await target.close();
  }
}

interface Target {
  /** False when nobody reads any more. */
  write(bytes: Buffer): Promise<boolean>;
  close(): Promise<void>;
}

async function openTarget(file: string): Promise<Target> {
  if (file === "-") return openStdout(process.stdout);
  const handle = await open(file, "w");
  return {
    async write(bytes) {
      await handle.writeFile(bytes);
      return true;
    },
    close: () => handle.close(),
  };
}

/** A reader such as `head` may go at any time; main.ts forgives the error. */
function openStdout(stdout: Writable): Target {
  let isGone = false;
  stdout.once("error", () => {
    isGone = true;
  });
  return {
    async write(bytes) {
      if (!stdout.write(bytes) && !isGone) await once(stdout, "drain").catch(() => {});
      return !isGone;
    },
    close: async () => {},
  };
}

/** Copies of datagrams as a capture file, while they pass. */

import type { z } from "zod";
import type { Actor, Tap } from "../../api.js";
import type { Api, App } from "../app.js";
import { BoundedStream } from "../bounded-stream.js";
import { PcapngWriter } from "../pcapng.js";
import { tapQuery } from "../schema-requests.js";
import { withoutUndefined } from "../to-view.js";

const PCAPNG = "application/x-pcapng";

export function addTapRoute(app: App, api: Api): void {
  app.get(
    "/api/v1/tap",
    {
      exposeHeadRoute: false,
      config: { access: "payload" },
      schema: {
        ...{ tags: ["Flows"], summary: "Datagrams between clients and listeners, as they pass" },
        description:
          "A capture file for Wireshark and tshark. IP and UDP headers are made up. What was not copied because the reader was " +
          "slow is in the interface statistics. At most 4 taps are open at once.",
        querystring: tapQuery,
        response: {
          200: {
            description: "pcapng.",
            content: { [PCAPNG]: { schema: { type: "string", format: "binary" } } },
          },
        },
      },
    },
    async ({ query, actor, raw }, reply) => {
      // Where nothing passes, nothing is sent: that is no reason to end before the tap does.
      raw.setTimeout(0);
      const stream = await openTapStream(api, query, actor);
      return reply
        .type(PCAPNG)
        .header("content-disposition", 'attachment; filename="sluice.pcapng"')
        .send(stream as never);
    },
  );
}

/** @throws what `Balancer.tap` throws, before anything is sent */
async function openTapStream(
  api: Api,
  { client, flow, listener, snap, max, seconds }: z.output<typeof tapQuery>,
  actor: Actor,
): Promise<BoundedStream> {
  const over = new AbortController();
  const end = (): void => over.abort();
  const what = withoutUndefined({ client, flow, listener });
  const options = { ...what, snapBytes: snap, maxDatagrams: max };
  const tap = api.balancer.tap(options, over.signal, actor);
  // Who has the head of the answer may begin to send.
  await tap.opened.catch((error) => {
    end();
    throw error;
  });
  const timer = setTimeout(end, seconds * 1000).unref();
  api.closing.addEventListener("abort", end);
  const stream = new BoundedStream({
    onLag: () => api.warn("slow_reader", "a reader of a tap was too slow and has been cut off"),
    onClose: () => {
      clearTimeout(timer);
      api.closing.removeEventListener("abort", end);
      end();
    },
  });
  void pump(tap, new PcapngWriter(`sluice ${api.version}`, snap), stream);
  return stream;
}

async function pump(tap: Tap, writer: PcapngWriter, stream: BoundedStream): Promise<void> {
  stream.offer(writer.section());
  try {
    for await (const datagram of tap) {
      if (!stream.offer(writer.datagram(datagram))) return;
    }
    stream.offer(writer.statistics(Date.now()));
    stream.finish();
  } catch (error) {
    stream.destroy(error as Error);
  }
}

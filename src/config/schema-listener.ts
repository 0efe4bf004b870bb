/** The schema of a listener: where to receive, and when the flows from there end. */
import { z } from "zod";
import { privileged } from "./privileged.js";
import { guardSchema } from "./schema-guard.js";
import { duration, flag, listenAddress, mismatch, name, size, wholeNumberOr } from "./schema-values.js";

const HOUR_MS = 3_600_000;
const BUFFER_BOUNDS = { min: 4 * 1024, max: 1024 ** 3 };
const MAX_COUNT = 1_000_000;

const sessionSchema = z.strictObject(
  {
    idleTimeout: duration({ min: 1, max: 24 * HOUR_MS })
      .prefault("120s")
      .describe(
        "A flow ends when no datagram has passed in either direction for this long (RFC 4787, REQ-5).",
      ),
    maxLifetime: duration({ min: 1, max: 720 * HOUR_MS, orNone: true })
      .prefault("none")
      .describe("A flow ends at this age, even when it is busy."),
    requests: wholeNumberOr("none", MAX_COUNT)
      .prefault("none")
      .describe(
        "After this many requests a flow takes no more; the client's next datagram starts a new flow.",
      ),
    responses: wholeNumberOr("none", MAX_COUNT)
      .prefault("none")
      .describe(
        "Replies expected for each request. When all have come, the flow ends and its socket is free at once.",
      ),
  },
  mismatch("a map"),
);

export const listenerSchema = z
  .strictObject(
    {
      name: name()
        .optional()
        .describe(
          "Unique among the listeners. Left out: the address as written, and #2, #3 … after it for more listeners on the same address and port 0.",
        ),
      address: privileged(listenAddress(), "port").describe("Where to receive. Port 0 takes any free port."),
      pool: name().optional().describe("The pool to send to. May be left out when there is only one."),
      ipv6Only: flag()
        .prefault(false)
        .describe("Whether a listener on the IPv6 wildcard [::] leaves IPv4 alone; else it takes both."),
      session: sessionSchema.prefault({}).describe("When the flows of this listener end."),
      guard: guardSchema.prefault({}).describe("Who may pass, and how much."),
      receiveBuffer: size(BUFFER_BOUNDS)
        .prefault("4MiB")
        .describe(
          "Kernel receive buffer to ask for on the listener. The upstream socket of each flow asks for 1MiB.",
        ),
      sendBuffer: size(BUFFER_BOUNDS)
        .prefault("4MiB")
        .describe("Kernel send buffer to ask for on the listener."),
    },
    mismatch("a map with an address"),
  )
  .describe("One address to receive on.");

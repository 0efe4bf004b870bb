/** A flow that is over, as the flow log has it: slots, not names. */
import { FLOW_ENDS, type FlowEnd } from "./counters.js";
import * as R from "./flow-record.js";
import type { FlowRingReader } from "./flow-ring.js";
import { formatClient } from "./list-flows.js";

export interface EndedFlow {
  /** Address and port as text, without zone. */
  readonly client: string;
  readonly listenerSlot: number;
  readonly backendSlot: number;
  readonly requests: number;
  readonly replies: number;
  readonly requestBytes: number;
  readonly replyBytes: number;
  /** From its first datagram to its last. */
  readonly durationMs: number;
  readonly end: FlowEnd;
  /** How often its client had moved to get to this backend, at most 31. */
  readonly moves: number;
}

/** Takes out of a ring what is there. */
export function takeEndedFlows(ring: FlowRingReader): EndedFlow[] {
  const flows: EndedFlow[] = [];
  ring.drain((u32, f64, end) => {
    flows.push({
      client: formatClient(u32, 0),
      listenerSlot: u32[R.KEY_PORT] >>> 16,
      backendSlot: u32[R.BACKEND],
      requests: u32[R.REQUESTS],
      replies: u32[R.REPLIES],
      requestBytes: f64[R.REQUEST_BYTES],
      replyBytes: f64[R.REPLY_BYTES],
      durationMs: f64[R.LAST_SEEN] - f64[R.CREATED_AT],
      end: FLOW_ENDS[end],
      moves: (u32[R.STATE] >>> R.MOVES_SHIFT) & R.MOST_MOVES,
    });
  });
  return flows;
}

/**
 * Which flow is meant, over the life of a process: the number of a flow's record alone is given out again as soon as the
 * flow has ended. When it was opened and its serial together never come twice: a table would have to open a hundred
 * thousand flows in a millisecond.
 */
import { SluiceError } from "./errors.js";
import * as R from "./flow-record.js";

/** A flow of one table. */
export interface FlowRef {
  readonly flow: number;
  /** When it was opened: whole milliseconds of the monotonic clock. */
  readonly createdMs: number;
  readonly serial: number;
}

export interface FlowId extends FlowRef {
  /** Which of the plane's tables it is in. */
  readonly worker: number;
}

const TEXT = /^(0|[1-9]\d{0,3})-(0|[1-9]\d{0,6})-([0-9a-z]{1,10})([0-9a-z]{4})$/;
const SERIAL_DIGITS = 4;

/** The flow whose record is at a number: one that is live, or the one that was there last. */
export function readFlowRef(u32: Uint32Array, f64: Float64Array, flow: number): FlowRef {
  return {
    flow,
    createdMs: Math.floor(f64[flow * R.RECORD_DOUBLES + R.CREATED_AT]),
    serial: (u32[flow * R.RECORD_WORDS + R.STATE] >>> R.SERIAL_SHIFT) & R.SERIAL_MASK,
  };
}

/** Whether the flow is live still, in these records. */
export function isSameFlow(u32: Uint32Array, f64: Float64Array, ref: FlowRef): boolean {
  const at = ref.flow * R.RECORD_WORDS;
  if (at >= u32.length || u32[at + R.STATE] === R.FREE) return false;
  const there = readFlowRef(u32, f64, ref.flow);
  return there.createdMs === ref.createdMs && there.serial === ref.serial;
}

/** As users get it: `worker-number-generation`. */
export function formatFlowId({ worker, flow, createdMs, serial }: FlowId): string {
  return `${worker}-${flow}-${createdMs.toString(36)}${serial.toString(36).padStart(SERIAL_DIGITS, "0")}`;
}

/**
 * The inverse of `formatFlowId`.
 * @throws SluiceError with code `ARGUMENT_INVALID`
 */
export function parseFlowId(text: string): FlowId {
  const match = TEXT.exec(text);
  if (match === null) {
    const shown = JSON.stringify(text.slice(0, 100));
    throw new SluiceError(
      "ARGUMENT_INVALID",
      `found ${shown}, expected the id of a flow as flows() gives it`,
    );
  }
  const [, worker, flow, created, serial] = match;
  return {
    worker: Number(worker),
    flow: Number(flow),
    createdMs: Number.parseInt(created, 36),
    serial: Number.parseInt(serial, 36),
  };
}

/** `openEchoServer`: servers that send every datagram back, or only count them, from a worker thread. Needs Linux. */
import type { Endpoint } from "../core/address.js";
import { runWorker } from "./run-worker.js";

export interface EchoOptions {
  /** One server for each; port 0 for any free port. */
  readonly addresses: readonly Endpoint[];
  /** Takes and sends bursts as one message (UDP_GRO, UDP_SEGMENT). Default false. */
  readonly gso?: boolean;
  /** Writes the server's place in `addresses` into each datagram of a load, which then counts by it. Default false. */
  readonly tag?: boolean;
  /** Marks what it sends back as DNS answers: for loads with `dns`. Default false. */
  readonly dns?: boolean;
  /** Sends nothing back. Default false. */
  readonly sink?: boolean;
}

/** What a server has received so far: datagrams, and bytes of UDP payload. */
export interface EchoCount {
  readonly datagrams: number;
  readonly bytes: number;
}

export interface EchoServer {
  /** The addresses really bound, in the order asked for. */
  readonly addresses: readonly Endpoint[];
  /** In the order of `addresses`. */
  counts(): EchoCount[];
  /** Stops; resolves when the sockets are closed, rejects when a server failed meanwhile. Idempotent. */
  close(): Promise<void>;
}

/** Words of one server in the shared counts. */
export const COUNT_WORDS = 2;

export type EchoPlan = Required<EchoOptions>;

/** What `echo-worker.ts` is given, and what it posts once bound. */
export interface EchoWorkerData {
  readonly plan: EchoPlan;
  readonly stop: SharedArrayBuffer;
  /** As doubles, for each address: datagrams, bytes. */
  readonly counts: SharedArrayBuffer;
}
export interface EchoWorkerMessage {
  readonly ports: readonly number[];
}

/** @throws SluiceError with code NOT_SUPPORTED where there is no Linux, the name of the errno when an address cannot be had. */
export async function openEchoServer(options: EchoOptions): Promise<EchoServer> {
  const plan: EchoPlan = {
    addresses: options.addresses,
    gso: options.gso ?? false,
    tag: options.tag ?? false,
    dns: options.dns ?? false,
    sink: options.sink ?? false,
  };
  const stop = new SharedArrayBuffer(4);
  const shared = new SharedArrayBuffer(plan.addresses.length * COUNT_WORDS * 8);
  const counts = new Float64Array(shared);
  const workerData: EchoWorkerData = { plan, stop, counts: shared };
  const worker = runWorker("./echo-worker.js", workerData);
  const { ports } = (await worker.firstMessage) as EchoWorkerMessage;
  return {
    addresses: plan.addresses.map((endpoint, i) => ({ ...endpoint, port: ports[i] })),
    counts: () =>
      plan.addresses.map((_, i) => ({
        datagrams: counts[i * COUNT_WORDS],
        bytes: counts[i * COUNT_WORDS + 1],
      })),
    close() {
      Atomics.store(new Int32Array(stop), 0, 1);
      return worker.ended;
    },
  };
}

/**
 * The lab's client: one numbered datagram after another, and for each a wait for its answer.
 */
import { createSocket, type Socket } from "node:dgram";
import { lookup } from "node:dns/promises";

/** As much of an answer as the client reads. */
const ANSWER_BYTES = 1024;

/** What became of one request. `answer` is missing when none came in time. */
export interface PingResult {
  readonly request: string;
  readonly answer?: string;
  /** Milliseconds until the answer; NaN when none came. */
  readonly roundTripMs: number;
}

export interface PingClientOptions {
  /** An IP address or a name. */
  readonly host: string;
  readonly port: number;
  /** How long to wait for an answer, in milliseconds. Default 1,000. */
  readonly timeoutMs?: number;
  /** The time of day for the message, in milliseconds since 1970. Default `Date.now`. */
  readonly now?: () => number;
}

export interface PingClient {
  /** Sends `PING <n> <HH:MM:SS>` and waits. One request at a time. */
  request(n: number): Promise<PingResult>;
  close(): Promise<void>;
}

/**
 * Opens a client. Its socket is connected: only what comes from the server's own address and port counts as an answer.
 * @throws the system's error when the name is unknown or no route leads there
 */
export async function openPingClient(options: PingClientOptions): Promise<PingClient> {
  const { host, port, timeoutMs = 1000, now = Date.now } = options;
  // A name with both kinds of address: the classroom servers speak IPv4.
  const { address, family } = await lookup(host, { order: "ipv4first" });
  const socket = createSocket(family === 6 ? "udp6" : "udp4");
  await connect(socket, port, address);
  // ICMP port unreachable arrives as an error: nobody listens there, so no answer comes and the wait runs out.
  socket.on("error", () => {});
  /** Answers to requests that are over: they may still arrive, and must not pass for the answer to a later one. */
  const staleAnswers = new Set<string>();
  let takeAnswer: (answer: string) => void = () => {};
  socket.on("message", (bytes) => {
    // Anything else counts, also what is not the request in upper case: the client shows what a server says.
    const text = bytes.toString("utf8", 0, ANSWER_BYTES);
    if (!staleAnswers.has(text)) takeAnswer(text);
  });

  return {
    async request(n) {
      const request = `PING ${n} ${formatTime(now())}`;
      const coming = new Promise<string>((resolve) => {
        takeAnswer = resolve;
      });
      const startedMs = performance.now();
      await send(socket, request);
      const answer = await within(coming, timeoutMs);
      const roundTripMs = performance.now() - startedMs;
      staleAnswers.add(request.toUpperCase());
      return answer === undefined ? { request, roundTripMs: Number.NaN } : { request, answer, roundTripMs };
    },
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

export interface RunPingOptions extends PingClientOptions {
  /** How many requests to send. Default 10. */
  readonly count?: number;
  readonly onLine: (line: string) => void;
}

/** The classroom program: `count` requests, and for each two lines about its answer or one about its absence. */
export async function runPing(options: RunPingOptions): Promise<readonly PingResult[]> {
  const client = await openPingClient(options);
  const results: PingResult[] = [];
  try {
    for (let n = 1; n <= (options.count ?? 10); n++) {
      const result = await client.request(n);
      results.push(result);
      if (result.answer === undefined) {
        options.onLine("REQUEST TIMED OUT");
      } else {
        options.onLine(`Message Received ${result.answer}`);
        options.onLine(`Round Trip Time ${(result.roundTripMs / 1000).toFixed(6)}`);
      }
    }
  } finally {
    await client.close();
  }
  return results;
}

function connect(socket: Socket, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      socket.close();
      reject(error);
    };
    socket.once("error", fail);
    socket.connect(port, address, () => {
      socket.off("error", fail);
      resolve();
    });
  });
}

/** What comes, or undefined when nothing has come after `timeoutMs`. */
function within(coming: Promise<string>, timeoutMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, timeoutMs, undefined);
    coming.then((answer) => {
      clearTimeout(timer);
      resolve(answer);
    });
  });
}

/** A send can fail with the refusal of an earlier datagram (udp(7)); the socket is fine after that, so once more. */
async function send(socket: Socket, text: string): Promise<void> {
  const attempt = (): Promise<NodeJS.ErrnoException | null> =>
    new Promise((resolve) => socket.send(text, (error) => resolve(error)));
  const error = (await attempt()) && (await attempt());
  if (error !== null && error.code !== "ECONNREFUSED") throw error;
}

/** Local time of day, `HH:MM:SS`. */
function formatTime(timeMs: number): string {
  const time = new Date(timeMs);
  return [time.getHours(), time.getMinutes(), time.getSeconds()]
    .map((part) => String(part).padStart(2, "0"))
    .join(":");
}

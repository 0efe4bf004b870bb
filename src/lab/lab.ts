/**
 * The lab: the smallest whole system, on one machine. A ping client, a balancer, and three servers that lose some
 * answers on purpose; it shows which server each request went to and adds up what came back.
 */
import {
  formatOutcome,
  formatReport,
  type LabReport,
  type RequestOutcome,
  tallyReport,
} from "./lab-report.js";
import { openPingClient, type PingClient } from "./ping-client.js";
import { CLASSROOM_LOSS, openPingServer, type PingMessage, type PingServer } from "./ping-server.js";
import { createSeededRandom } from "./seeded-random.js";

/** The port of the balancer; the servers have the ones after it. */
export const LAB_PORT = 2525;
export const LAB_REQUESTS = 30;
export const LAB_TIMEOUT_MS = 250;
const LAB_SERVERS = 3;
const LAB_ADDRESS = "127.0.0.1";

/** What the lab needs of a balancer. `createBalancer` gives one that fits. */
export interface LabBalancer {
  readonly listeners: readonly { readonly address: string }[];
  close(options: { readonly graceMs: number }): Promise<void>;
}

export interface LabOptions {
  /** Opens a balancer for a config in its short form. */
  readonly createBalancer: (config: { listen: string; backends: string[] }) => Promise<LabBalancer>;
  /** How many requests the client sends. Default 30. */
  readonly requests?: number;
  /** How long the client waits for an answer, in milliseconds. Default 250. */
  readonly timeoutMs?: number;
  /** The balancer's port, default 2525; the servers bind the three after it. 0: free ports for all. */
  readonly port?: number;
  /** Decides which answers the servers lose: the same seed, the same losses. */
  readonly seed: number;
  readonly onLine: (line: string) => void;
}

/** What is open while the lab runs. */
interface OpenLab {
  readonly servers: PingServer[];
  balancer?: LabBalancer;
  client?: PingClient;
}

/** Runs the lab once and closes everything it opened. Rejects with the system's error when a port cannot be bound. */
export async function runLab(options: LabOptions): Promise<LabReport> {
  const lab: OpenLab = { servers: [] };
  /** What servers received since the last request was sent. */
  const received: { server: number; message: PingMessage }[] = [];
  try {
    await openLab(lab, options, (server, message) => received.push({ server, message }));
    const outcomes: RequestOutcome[] = [];
    for (let n = 1; n <= (options.requests ?? LAB_REQUESTS); n++) {
      received.length = 0;
      const { request, roundTripMs } = await lab.client!.request(n);
      const arrival = received.find(({ message }) => message.text === request);
      const isDropped = arrival !== undefined && !arrival.message.isAnswered;
      outcomes.push({ n, ...(arrival && { server: arrival.server }), isDropped, roundTripMs });
      options.onLine(formatOutcome(outcomes.at(-1)!));
    }
    const report = tallyReport(
      lab.servers.map(({ address }) => address),
      outcomes,
    );
    for (const line of ["", ...formatReport(report)]) options.onLine(line);
    return report;
  } finally {
    await closeLab(lab);
  }
}

/** Opens the parts one after another into `lab`, so that the caller can close them when a later one fails. */
async function openLab(
  lab: OpenLab,
  options: LabOptions,
  onMessage: (server: number, message: PingMessage) => void,
): Promise<void> {
  const port = options.port ?? LAB_PORT;
  for (let server = 1; server <= LAB_SERVERS; server++) {
    lab.servers.push(
      await openPingServer({
        address: LAB_ADDRESS,
        port: port === 0 ? 0 : port + server,
        loss: CLASSROOM_LOSS,
        random: createSeededRandom(options.seed + server),
        onMessage: (message) => onMessage(server, message),
      }),
    );
  }
  const backends = lab.servers.map((server) => server.address);
  lab.balancer = await options.createBalancer({ listen: `${LAB_ADDRESS}:${port}`, backends });
  const { address } = lab.balancer.listeners[0]!;
  const balancerPort = Number(address.slice(address.lastIndexOf(":") + 1));
  const timeoutMs = options.timeoutMs ?? LAB_TIMEOUT_MS;
  lab.client = await openPingClient({ host: LAB_ADDRESS, port: balancerPort, timeoutMs });
  options.onLine(
    `one client -> balancer ${address} -> ${backends.map((to, i) => `server ${i + 1} ${to}`).join(", ")}`,
  );
  options.onLine("");
}

async function closeLab({ client, balancer, servers }: OpenLab): Promise<void> {
  await client?.close();
  await balancer?.close({ graceMs: 0 });
  await Promise.all(servers.map((server) => server.close()));
}

/**
 * A client in a process of its own: `node ask-program.js`. For each line of input, an `Asking` as JSON, it sends the text from
 * a socket that it keeps for that name, and says who answered with what, or null when nobody did in time.
 */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { formatIp, parseEndpoint } from "#src/core/address.js";

export interface Asking {
  readonly to: string;
  readonly text: string;
  /** Askings of one name come from one port. Default: a new one. */
  readonly as?: string;
  /** An address to send from. */
  readonly bind?: string;
}

export interface Answer {
  readonly text: string;
  /** The address that the answer came from, without zone. */
  readonly from: string;
}

const WAIT_MS = 400;
const sockets = new Map<string, Socket>();
let unnamed = 0;

async function open({ to, bind }: Asking): Promise<Socket> {
  const socket = createSocket(parseEndpoint(to).ip.family === 4 ? "udp4" : "udp6");
  socket.on("error", () => {});
  socket.bind(0, bind);
  await once(socket, "listening");
  socket.setBroadcast(true);
  return socket;
}

async function ask(asking: Asking): Promise<Answer | null> {
  const { to, text, as = `${unnamed++}` } = asking;
  const socket = sockets.get(as) ?? (await open(asking));
  sockets.set(as, socket);
  const { ip, port } = parseEndpoint(to);
  return new Promise((resolve) => {
    const finish = (answer: Answer | null) => {
      clearTimeout(timer);
      socket.off("message", take);
      resolve(answer);
    };
    const take = (payload: Buffer, { address }: { address: string }) => {
      if (`${payload}`.endsWith(text)) finish({ text: `${payload}`, from: address.split("%")[0] });
    };
    const timer = setTimeout(() => finish(null), WAIT_MS);
    socket.on("message", take);
    socket.send(text, port, formatIp(ip), () => {});
  });
}

process.stdout.write(`"ready"\n`);
for await (const line of createInterface({ input: process.stdin }))
  process.stdout.write(`${JSON.stringify(await ask(JSON.parse(line)))}\n`);
for (const socket of sockets.values()) socket.close();

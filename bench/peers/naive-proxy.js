// The UDP balancer that one writes first with node:dgram, to compare the portable plane with: a socket for each client,
// on a backend taken in turn. No limits, no statistics; clients that fall silent are forgotten after a minute.
// node naive-proxy.js LISTEN_PORT BACKEND_PORT...
import { createSocket } from "node:dgram";

const IDLE_MS = 60_000;
const [listenPort, ...backendPorts] = process.argv.slice(2).map(Number);
const host = "127.0.0.1";
const options = { type: "udp4", recvBufferSize: 4 << 20, sendBufferSize: 4 << 20 };
const flows = new Map();
let turn = 0;

const front = createSocket(options);
front.on("message", (datagram, client) => {
  const key = `${client.address}:${client.port}`;
  const flow = flows.get(key) ?? openFlow(key, client);
  flow.usedMs = Date.now();
  if (flow.waiting === undefined) flow.socket.send(datagram);
  else flow.waiting.push(datagram);
});
front.bind(listenPort, host);

function openFlow(key, client) {
  const flow = { socket: createSocket(options), usedMs: 0, waiting: [] };
  flow.socket.on("message", (reply) => front.send(reply, client.port, client.address));
  flow.socket.on("error", () => {}); // a backend that is gone
  flow.socket.connect(backendPorts[turn++ % backendPorts.length], host, () => {
    for (const datagram of flow.waiting) flow.socket.send(datagram);
    flow.waiting = undefined;
  });
  flows.set(key, flow);
  return flow;
}

setInterval(() => {
  for (const [key, flow] of flows) {
    if (flow.usedMs > Date.now() - IDLE_MS) continue;
    flow.socket.close();
    flows.delete(key);
  }
}, 5000);

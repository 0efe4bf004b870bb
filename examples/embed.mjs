// sluice inside a program of your own: start, look at figures, change the config, stop.
// Run it with `node examples/embed.mjs`; it brings its own servers and client and ends by itself.
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { ConfigError, createBalancer } from "sluice";

const [red, blue] = [await openServer("red"), await openServer("blue")];

const balancer = await createBalancer({
  listen: "127.0.0.1:0", // port 0: any free one
  backends: [
    { name: "red", address: red.address },
    { name: "blue", address: blue.address },
  ],
});
balancer.on("warning", ({ code, message }) => console.error(`warning ${code}: ${message}`));
console.log(`${balancer.plane} plane on ${balancer.listeners[0].address.replace(/:\d+$/, "")}`);

// Each datagram goes to the next server in turn.
console.log("two backends:", (await askTimes(4)).sort().join(" "));

// A new config takes over without losing a datagram: "red" gets nothing new.
const { backends } = await balancer.reload({
  listen: "127.0.0.1:0",
  backends: [
    { name: "red", address: red.address, state: "draining" },
    { name: "blue", address: blue.address },
  ],
});
console.log(`reloaded: ${backends.changed.join(", ")} changed`);
console.log("red drains:  ", (await askTimes(4)).join(" "));

// A config that is not valid is refused whole; the running one stays.
try {
  await balancer.reload({ listen: "127.0.0.1:0", backends: ["localhost:53"] });
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  console.log(`refused: ${error.problems[0].path}`);
}

for (const { name, admin, requests, replies } of balancer.stats().backends) {
  console.log(`${name} (${admin}): ${requests.datagrams} requests, ${replies.datagrams} replies`);
}
console.log(`${balancer.flows().length} live flows`);

// Waits for active flows as long as `shutdown.grace` says; 0 closes at once.
await balancer.close({ graceMs: 0 });
for (const { socket } of [red, blue]) socket.close();

/** A server that answers with its name. */
async function openServer(name) {
  const socket = createSocket("udp4");
  socket.on("message", (_, { port, address }) => socket.send(name, port, address));
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return { socket, address: `127.0.0.1:${socket.address().port}` };
}

/** Who answered to each of `count` questions, asked one after another. */
async function askTimes(count) {
  const [, port] = balancer.listeners[0].address.split(":");
  const client = createSocket("udp4");
  const answers = [];
  for (let i = 0; i < count; i++) {
    const answer = once(client, "message", { signal: AbortSignal.timeout(5000) });
    client.send("who?", Number(port), "127.0.0.1");
    answers.push(String((await answer)[0]));
  }
  client.close();
  return answers;
}

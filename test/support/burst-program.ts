/**
 * A client that sends bursts, in a process of its own: `node burst-program.js IP TO SIZE COUNT HOW`. For each line of input it
 * sends COUNT datagrams, in one packet when HOW is "together" and one by one when it is "apart", waits for the replies, and
 * says how many came back as they were sent, in their order.
 */
import { createInterface } from "node:readline";
import { openGsoClient } from "./gso-client.js";

const [ip, to, size, count, how] = process.argv.slice(2);
const client = openGsoClient(to, ip);
const sent = Array.from({ length: Number(count) }, (_, number) =>
  Buffer.from(Uint8Array.from({ length: Number(size) }, (_, i) => (number * 13 + i * 7) & 0xff)),
);
process.stdout.write('"ready"\n');
for await (const _ of createInterface({ input: process.stdin })) {
  if (how === "together") client.burst(sent);
  else for (const datagram of sent) client.burst([datagram]);
  const replies = await client.take(sent.length);
  const unchanged = replies.filter((reply, i) => reply.equals(sent[i])).length;
  process.stdout.write(`${unchanged}\n`);
}
client.close();

/** The flood, in a process of its own: `node flood-program.js PLAN`. A line of counts each second, and a last one. */
import { setTimeout as delay } from "node:timers/promises";
import { parseIp } from "#src/core/address.js";
import { createSeededRandom } from "#src/lab/seeded-random.js";
import type { FloodCount, FloodPlan } from "./flood-plan.js";
import { createPayloads } from "./payloads.js";
import {
  ICMP_HEADERS_BYTES,
  ipNumber,
  UDP_HEADERS_BYTES,
  writeIcmpError,
  writeUdpHeaders,
} from "./raw-packets.js";
import { UDP6_HEADERS_BYTES, writeUdp6Headers } from "./raw-packets6.js";
import { BATCH, openRawSender } from "./raw-sender.js";

const PORT_UNREACHABLE = 3;
const UNREACHABLE = 3;
/** Of so many packets of a flood one is an ICMP error, and one each has a wrong length and a wrong checksum. */
const ONE_IN = 64;
const MOST_QUOTED = 520;

const plan = JSON.parse(process.argv[2]) as FloodPlan;
const draw = createSeededRandom(plan.seed);
const sender = openRawSender(plan.ip);
const writePayload = createPayloads(draw);
const six = plan.ip.includes(":");
const target = six ? 0 : ipNumber(plan.ip);
const target6 = six ? parseIp(plan.ip).words : [];
const count = { datagrams: 0, malformed: 0, icmpErrors: 0, fromPortZero: 0 };
let made = 0;

const startMs = performance.now();
let saidMs = startMs;
while (made < plan.packets) {
  const due = Math.min(plan.packets, ((performance.now() - startMs) * plan.perSecond) / 1000);
  const now = Math.min(BATCH, Math.floor(due) - made);
  if (now <= 0) {
    await delay(1);
  } else {
    for (let message = 0; message < now; message++) sender.fill(message, writePacket(sender.slot(message)));
    sender.send(now);
  }
  if (performance.now() - saidMs >= 1000) {
    saidMs += 1000;
    say(false);
    await delay(0);
  }
}
sender.close();
say(true);

function say(done: boolean): void {
  process.stdout.write(`${JSON.stringify({ ...count, done } satisfies FloodCount)}\n`);
}

/** Answers its length. */
function writePacket(at: number): number {
  const number = made++;
  if (plan.onlyErrors) return writeError(at, plan.quotes[number % plan.quotes.length], true);
  const lot = draw(ONE_IN);
  if (six) return writePacket6(at, number, lot);
  if (lot === 0)
    return writeError(at, { ...plan.quotes[draw(plan.quotes.length)], localPort: draw(65_536) }, false);
  const payloadBytes = writePayload(sender.u8, at + UDP_HEADERS_BYTES);
  const ends = { source: sourceOf(number), sourcePort: portOf(number), target, targetPort: plan.port };
  if (lot === 1) {
    writeUdpHeaders(sender.view, at, ends, payloadBytes, draw(2) ? draw(8) : payloadBytes + 9 + draw(1000));
    count.malformed++;
  } else if (lot === 2) {
    // A sum that is right by chance is one in 65,535.
    writeUdpHeaders(sender.view, at, ends, payloadBytes, payloadBytes + 8, 1 + draw(65_535));
    count.malformed++;
  } else {
    writeUdpHeaders(sender.view, at, ends, payloadBytes);
    count.datagrams++;
    if (ends.sourcePort === 0) count.fromPortZero++;
  }
  return UDP_HEADERS_BYTES + payloadBytes;
}

/** The same without ICMP errors: those quote flows to the backends, which are IPv4. */
function writePacket6(at: number, number: number, lot: number): number {
  const payloadBytes = writePayload(sender.u8, at + UDP6_HEADERS_BYTES);
  // The guard knows IPv6 clients by their /56: each has one of its own.
  const source = [0x2001_0db8, sourceOf(number), 0, 1 + (number % 7)];
  const ends = { source, sourcePort: portOf(number), target: target6, targetPort: plan.port };
  const udpLength = lot === 1 ? payloadBytes + 9 + draw(1000) : payloadBytes + 8;
  writeUdp6Headers(sender.view, at, ends, payloadBytes, udpLength, lot === 2 ? 1 + draw(60_000) : 0);
  if (lot === 1 || lot === 2) count.malformed++;
  else count.datagrams++;
  if (lot > 2 && ends.sourcePort === 0) count.fromPortZero++;
  return UDP6_HEADERS_BYTES + payloadBytes;
}

function writeError(at: number, quote: FloodPlan["quotes"][number], exact: boolean): number {
  count.icmpErrors++;
  const bytes = exact ? draw(64) : draw(MOST_QUOTED);
  const type = exact ? UNREACHABLE : draw(20);
  const code = exact ? PORT_UNREACHABLE : draw(16);
  const ends = {
    source: target,
    sourcePort: quote.localPort,
    target: ipNumber(quote.ip),
    targetPort: quote.port,
  };
  writeIcmpError(sender.view, at, { from: sourceOf(draw(plan.clients)), type, code }, ends, bytes);
  return ICMP_HEADERS_BYTES + bytes;
}

/** Client `number % clients`: addresses scattered over 11.0.0.0 to 42.255.255.255, each client's its own. */
function sourceOf(number: number): number {
  // An odd factor makes it one to one.
  const scattered = Math.imul(number % plan.clients, 0x9e3779b1) & 0x1fff_ffff;
  return 0x0b00_0000 + scattered;
}

/** Always the same of a client; one in 50 has port 0, which nobody can answer. */
function portOf(number: number): number {
  const client = number % plan.clients;
  return client % 50 === 0 ? 0 : 1 + ((Math.imul(client, 0x85ebca6b) >>> 0) % 65_535);
}

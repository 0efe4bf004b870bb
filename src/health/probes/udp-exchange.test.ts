import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { afterEach, beforeEach, describe, it } from "node:test";
import { type Endpoint, parseEndpoint } from "../../core/address.js";
import { passed } from "../probe.js";
import { createUdpProbe } from "./udp.js";
import { exchangeUdp, ignored } from "./udp-exchange.js";

let server: Socket;
let target: Endpoint;
const never = new AbortController().signal;

beforeEach(async () => {
  server = createSocket("udp4");
  server.bind(0, "127.0.0.1");
  await once(server, "listening");
  target = parseEndpoint(`127.0.0.1:${server.address().port}`);
});
afterEach(() => {
  try {
    server.close();
  } catch {
    // The test has closed it.
  }
});

/** Answers every datagram with these, in their order. */
function answerWith(...replies: string[]): void {
  server.on("message", (_request, from) => {
    for (const reply of replies) server.send(reply, from.port, from.address);
  });
}

const exchange = (timeoutMs: number, signal = never) =>
  exchangeUdp(
    target,
    { timeoutMs, signal },
    {
      createRequest: () => Buffer.from("ask"),
      judge: (reply) => (reply.toString() === "yes" ? passed("good") : ignored("another word")),
    },
  );

describe("exchangeUdp", () => {
  it("takes the answer among others", async () => {
    answerWith("no", "no", "yes");
    const { ok, reason, elapsedMs } = await exchange(60_000);
    assert.deepEqual([ok, reason], [true, "good"]);
    assert.ok(elapsedMs > 0 && elapsedMs < 60_000, String(elapsedMs));
  });

  it("fails when the time is up, and says what came instead", async () => {
    answerWith("no", "no");
    const { ok, reason, elapsedMs } = await exchange(60);
    const expected = "no answer within 60ms; ignored 2, the last one: another word";
    assert.deepEqual([ok, reason], [false, expected]);
    assert.ok(elapsedMs >= 59, String(elapsedMs));
  });

  it("fails when nothing comes", async () => {
    const { ok, reason } = await exchange(40);
    assert.deepEqual([ok, reason], [false, "no answer within 40ms"]);
  });

  it("fails at once when it is refused", async () => {
    server.close();
    const { ok, reason, elapsedMs } = await exchange(60_000);
    assert.deepEqual([ok, reason], [false, "refused (ICMP port unreachable)"]);
    assert.ok(elapsedMs < 60_000, String(elapsedMs));
  });

  it("does not hear anybody but the backend", async () => {
    const stranger = createSocket("udp4");
    server.on("message", (_request, from) => {
      stranger.send("yes", from.port, from.address, () => stranger.close());
    });
    assert.equal((await exchange(100)).reason, "no answer within 100ms");
  });

  /** Asks from a socket that `connect` connects, with the arguments that the probe gave. */
  function exchangeFrom(connect: (socket: Socket, args: unknown[]) => void) {
    const said = { createRequest: () => Buffer.from("ask"), judge: (reply: Buffer) => passed(`${reply}`) };
    return exchangeUdp(target, { timeoutMs: 60_000, signal: never }, said, (type) => {
      const socket = createSocket(type);
      const original = socket.connect;
      socket.connect = (...args: unknown[]) => {
        socket.connect = original;
        connect(socket, args);
      };
      return socket;
    });
  }

  it("does not take what came before the connect for the backend's answer", async () => {
    answerWith("the answer");
    const stranger = createSocket("udp4");
    const { reason } = await exchangeFrom((socket, args) => {
      socket.bind(0, "127.0.0.1", () => {
        const connect = () => socket.connect(...(args as Parameters<Socket["connect"]>));
        stranger.send("a stray", socket.address().port, "127.0.0.1", () => stranger.close(connect));
      });
    });
    assert.equal(reason, "the answer");
  });

  it("closes a socket that could not be connected, which would take datagrams from anybody", async () => {
    let closed: Promise<unknown> | undefined;
    const { reason } = await exchangeFrom((socket, [, , onConnect]) => {
      closed = once(socket, "close");
      const error = Object.assign(new Error("connect ENETUNREACH"), { code: "ENETUNREACH" });
      socket.bind(0, "127.0.0.1", () => (onConnect as (error: Error) => void)(error));
    });
    await closed;
    assert.equal(reason, "no route to its network");
  });

  it("fails where the socket has lost its address by the time it is connected", async () => {
    const { reason } = await exchangeFrom((socket, [, , onConnect]) => {
      socket.address = () => {
        throw Object.assign(new Error("getsockname ENXIO"), { code: "ENXIO" });
      };
      setImmediate(onConnect as () => void);
    });
    assert.equal(reason, "cannot be asked (ENXIO)");
  });

  it("sends the same again at its times, until it is answered", async () => {
    const seen: string[] = [];
    server.on("message", (request, from) => {
      seen.push(request.toString());
      if (seen.length === 3) server.send("yes", from.port, from.address);
    });
    let requests = 0;
    const { ok } = await exchangeUdp(
      target,
      { timeoutMs: 5_000, signal: never },
      {
        createRequest: () => Buffer.from(`ask ${++requests}`),
        judge: () => passed(""),
        retransmitAtMs: [5, 10, 4_000, 6_000],
      },
    );
    assert.deepEqual([ok, seen], [true, ["ask 1", "ask 1", "ask 1"]]);
  });

  it("knows its own address before it asks", async () => {
    answerWith("yes");
    let address = "";
    await exchangeUdp(
      target,
      { timeoutMs: 2_000, signal: never },
      {
        createRequest: (local) => {
          address = `${local.address} ${local.port > 0} ${local.family}`;
          return Buffer.from("ask");
        },
        judge: () => passed(""),
      },
    );
    assert.equal(address, "127.0.0.1 true IPv4");
  });

  it("ends when it is aborted, before or while it runs", async () => {
    assert.equal((await exchange(5_000, AbortSignal.abort())).reason, "given up");
    const abort = new AbortController();
    server.on("message", () => abort.abort());
    const { ok, reason } = await exchange(5_000, abort.signal);
    assert.deepEqual([ok, reason], [false, "given up"]);
  });

  it("fails where there is no way to the backend", async () => {
    target = parseEndpoint("[fe80::1%nosuch0]:9");
    const { ok, reason } = await exchange(500);
    assert.equal(ok, false);
    assert.doesNotMatch(reason, /undefined|Error/);
  });
});

describe("createUdpProbe", () => {
  const run = (config: Partial<Parameters<typeof createUdpProbe>[0]>, timeoutMs: number) =>
    createUdpProbe({ type: "udp", sendHex: "00ff", expect: { kind: "none" }, ...config }).run(
      target,
      timeoutMs,
      never,
    );

  it("sends its bytes", async () => {
    server.on("message", (request, from) => server.send(request, from.port, from.address));
    const { reason } = await run({ expect: { kind: "bytes", hex: "00ff" } }, 2_000);
    assert.equal(reason, "answered with 2 bytes");
  });

  it("takes silence for a success when nothing is expected", async () => {
    const { ok, reason } = await run({}, 40);
    assert.deepEqual([ok, reason], [true, "not refused"]);
  });

  it("fails when it is refused, also when nothing is expected", async () => {
    server.close();
    const { ok, reason } = await run({}, 2_000);
    assert.deepEqual([ok, reason], [false, "refused (ICMP port unreachable)"]);
  });

  it("takes silence for a failure when a reply is expected", async () => {
    assert.equal((await run({ expect: { kind: "any" } }, 40)).ok, false);
  });

  it("compares the beginning of a reply, or looks for a pattern", async () => {
    answerWith("players: 12\nmap: x");
    const text = (value: string) => ({ kind: "bytes", hex: Buffer.from(value).toString("hex") }) as const;
    assert.equal((await run({ expect: text("players") }, 2_000)).ok, true);
    assert.equal((await run({ expect: text("layers") }, 60)).ok, false);
    assert.equal((await run({ expect: { kind: "regex", pattern: "s: \\d+.map" } }, 2_000)).ok, true);
    assert.equal((await run({ expect: { kind: "regex", pattern: "^map" } }, 60)).ok, false);
  });
});

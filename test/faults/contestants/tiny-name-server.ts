/** A name server with one name: its A records are what it was last told, for one second each. */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";

const HEADER_BYTES = 12;
const TYPE_A = 1;

export class TinyNameServer {
  /** IPv4 addresses that the name has. */
  hosts: readonly string[];
  readonly #socket: Socket = createSocket("udp4");

  private constructor(hosts: readonly string[]) {
    this.hosts = hosts;
    this.#socket.on("message", (query, from) => {
      const reply = createAnswer(query, this.hosts);
      this.#socket.send(reply, from.port, from.address, () => {});
    });
  }

  /** On a free port of 127.0.0.1, for as long as the process lives. */
  static async open(hosts: readonly string[]): Promise<TinyNameServer> {
    const server = new TinyNameServer(hosts);
    server.#socket.bind(0, "127.0.0.1");
    await once(server.#socket, "listening");
    return server;
  }

  get address(): string {
    return `127.0.0.1:${this.#socket.address().port}`;
  }
}

/** The question again, and an answer for each host where it asks for A records. */
function createAnswer(query: Buffer, hosts: readonly string[]): Buffer {
  const nameEnd = query.indexOf(0, HEADER_BYTES) + 1;
  const question = query.subarray(HEADER_BYTES, nameEnd + 4);
  const found = query.readUInt16BE(nameEnd) === TYPE_A ? hosts : [];
  const header = Buffer.alloc(HEADER_BYTES);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(0x8180, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(found.length, 6);
  const records = found.map((host) =>
    Buffer.from([0xc0, HEADER_BYTES, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, ...host.split(".").map(Number)]),
  );
  return Buffer.concat([header, question, ...records]);
}

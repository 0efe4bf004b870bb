/**
 * Connection table of one HTTP listener, with a bound. A new connection always finds room: the one that does least makes it. So
 * nobody who keeps connections open without asking anything keeps others out.
 */
import type { Socket } from "node:net";

interface Connection {
  readonly socket: Socket;
  /** The peer's address; the same for all of a Unix socket. */
  readonly from: string;
  /** Requests on it that have no whole answer yet. */
  readonly open: Set<Exchange>;
}

/** A request and its answer, as far as they tell what the peer holds. */
export interface Exchange {
  /** Whether the request has arrived whole. */
  readonly hasArrived: () => boolean;
  /** Whether the answer is a stream, which is meant to stay. */
  readonly isStream: () => boolean;
}

/** From what goes first: nothing asked, asked in part, an answer that is not taken, a stream. */
type Rank = 0 | 1 | 2 | 3;

export class Connections {
  readonly #max: number;
  /** In the order in which they last did something. By TLS, the raw socket and the one that requests have share a key. */
  readonly #all = new Map<string | Socket, Connection>();

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#all.size;
  }

  /** A peer has connected. Ends another connection where there are too many. */
  add(socket: Socket): void {
    if (this.#all.size >= this.#max) this.#makeRoom();
    const key = keyOf(socket);
    this.#all.set(key, { socket, from: socket.remoteAddress ?? "", open: new Set() });
    socket.once("close", () => {
      if (this.#all.get(key)?.socket === socket) this.#all.delete(key);
    });
  }

  /** A request has come in on a connection. @returns to be called when its answer is over */
  begin(socket: Socket, exchange: Exchange): () => void {
    const key = keyOf(socket);
    const connection = this.#all.get(key);
    if (connection === undefined) return () => {};
    connection.open.add(exchange);
    this.#touch(key, connection);
    return () => {
      connection.open.delete(exchange);
      this.#touch(key, connection);
    };
  }

  /** Their clients open them again. */
  endStreams(): void {
    for (const connection of this.#all.values()) if (rankOf(connection) === 3) connection.socket.destroy();
  }

  #touch(key: string | Socket, connection: Connection): void {
    if (this.#all.get(key) !== connection) return;
    this.#all.delete(key);
    this.#all.set(key, connection);
  }

  /** Of those that do least one of the address that has most connections; of these the one that did nothing for longest. */
  #makeRoom(): void {
    const counts = new Map<string, number>();
    for (const { from } of this.#all.values()) counts.set(from, (counts.get(from) ?? 0) + 1);
    let victim: Connection | undefined;
    for (const connection of this.#all.values()) {
      if (victim === undefined || goesBefore(connection, victim, counts)) victim = connection;
    }
    if (victim === undefined) return;
    this.#all.delete(keyOf(victim.socket));
    victim.socket.destroy();
  }
}

function goesBefore(a: Connection, b: Connection, counts: ReadonlyMap<string, number>): boolean {
  const ranks = rankOf(a) - rankOf(b);
  return ranks < 0 || (ranks === 0 && (counts.get(a.from) ?? 0) > (counts.get(b.from) ?? 0));
}

function rankOf({ open }: Connection): Rank {
  if (open.size === 0) return 0;
  const exchanges = [...open];
  if (exchanges.some((exchange) => exchange.isStream())) return 3;
  return exchanges.some((exchange) => !exchange.hasArrived()) ? 1 : 2;
}

function keyOf(socket: Socket): string | Socket {
  const { remoteAddress, remotePort } = socket;
  return remotePort === undefined ? socket : `${remoteAddress} ${remotePort}`;
}

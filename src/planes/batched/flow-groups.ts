/**
 * The requests of one received batch, grouped by flow and in order: for each flow a list of pieces, where a piece is a
 * stretch of the receive buffer with one datagram or several equal ones.
 */
export interface Pieces {
  readonly offset: Uint32Array;
  readonly bytes: Uint32Array;
  readonly segment: Uint32Array;
  readonly next: Int32Array;
}

export class FlowGroups implements Pieces {
  /** Groups in the batch so far. */
  count = 0;
  /** By group: its flow, or -1 once it has been sent. */
  readonly flow: Int32Array;
  /** By group: its first piece. */
  readonly first: Int32Array;
  /** By piece: where it is, its bytes in all, bytes of each datagram, the group's next piece or -1. */
  readonly offset: Uint32Array;
  readonly bytes: Uint32Array;
  readonly segment: Uint32Array;
  readonly next: Int32Array;

  readonly #last: Int32Array;
  readonly #groupOf: Int32Array;
  #pieces = 0;

  constructor(maxFlows: number, maxPieces: number) {
    this.flow = new Int32Array(maxPieces);
    this.first = new Int32Array(maxPieces);
    this.offset = new Uint32Array(maxPieces);
    this.bytes = new Uint32Array(maxPieces);
    this.segment = new Uint32Array(maxPieces);
    this.next = new Int32Array(maxPieces);
    this.#last = new Int32Array(maxPieces);
    this.#groupOf = new Int32Array(maxFlows);
  }

  get full(): boolean {
    return this.#pieces === this.next.length;
  }

  clear(): void {
    this.count = 0;
    this.#pieces = 0;
  }

  /** The group of a flow in this batch, or -1. */
  of(flow: number): number {
    const group = this.#groupOf[flow];
    return group < this.count && this.flow[group] === flow ? group : -1;
  }

  /** Not when `full`. */
  add(flow: number, offset: number, bytes: number, segment: number): void {
    const piece = this.#pieces++;
    this.offset[piece] = offset;
    this.bytes[piece] = bytes;
    this.segment[piece] = segment;
    this.next[piece] = -1;
    const group = this.of(flow);
    if (group >= 0) {
      this.next[this.#last[group]] = piece;
      this.#last[group] = piece;
      return;
    }
    const fresh = this.count++;
    this.flow[fresh] = flow;
    this.first[fresh] = piece;
    this.#last[fresh] = piece;
    this.#groupOf[flow] = fresh;
  }

  /** The group is done with: its flow may be added anew. */
  take(group: number): void {
    this.flow[group] = -1;
  }
}

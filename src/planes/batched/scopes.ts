/**
 * Small numbers for what a client key's scope word holds: zones of link-local clients, and local addresses that clients of a wildcard
 * listener write to. A number lasts as long as a flow holds it, so clients that write to many addresses (a whole prefix may be local)
 * leave nothing behind. When 65,535 are held, number 0 stands in for others: the system chooses the address to answer from.
 */
import { KeyTable } from "../../core/key-table.js";
import { CONTROL_INTERFACE, CONTROL_LOCAL } from "../../linux/control.js";
import { MAPPED_WORD } from "../../linux/sockaddr.js";

const MOST = 0xffff;
/** Word of a table's key, after the four of the address: the interface, where that counts. */
const INTERFACE = 4;

export class Scopes {
  /** A number is an entry + 1. */
  readonly #table: KeyTable;
  readonly #most: number;
  /** The last of each kind: held here, so that it is still there when the next request has it too. */
  #lastZone = 0;
  #lastLocal = 0;
  readonly #words = new Uint32Array(4);

  /** @param seed 32 bits that clients cannot guess */
  constructor(seed: number, most = MOST) {
    this.#table = new KeyTable(seed);
    this.#most = most;
  }

  /** Numbers in use. */
  get size(): number {
    return this.#table.size;
  }

  /** The number of a zone (an interface index); 0 for 0. Who keeps it beyond the next call holds it. */
  zoneNumber(interfaceIndex: number): number {
    if (interfaceIndex === 0) return 0;
    const last = this.#lastZone;
    if (last > 0 && this.#table.keyWord(last - 1, INTERFACE) === interfaceIndex) return last;
    this.#table.key.fill(0);
    this.#table.key[INTERFACE] = interfaceIndex;
    const number = this.#take();
    this.#release(last);
    this.#lastZone = number;
    return number;
  }

  /** The interface index of a zone number. */
  zone(number: number): number {
    return number === 0 ? 0 : this.#table.keyWord(number - 1, INTERFACE);
  }

  /**
   * The number of the local address in parsed control messages, or of the interface alone where any of its addresses may
   * answer: after a multicast request. 0 when neither is known. Who keeps it beyond the next call holds it.
   */
  localNumber(control: Uint32Array): number {
    const isAddress = !isNoAddress(control, CONTROL_LOCAL);
    if (!isAddress && control[CONTROL_INTERFACE] === 0) return 0;
    const { key } = this.#table;
    for (let i = 0; i < 4; i++) key[i] = control[CONTROL_LOCAL + i];
    key[INTERFACE] = isAddress && !isLinkLocal(key[0]) ? 0 : control[CONTROL_INTERFACE];
    const last = this.#lastLocal;
    if (last > 0 && this.#table.isKey(last - 1)) return last;
    const number = this.#take();
    this.#release(last);
    this.#lastLocal = number;
    return number;
  }

  /** Its four words, until the next call; all are 0 where a number stands for an interface alone. */
  local(number: number): Uint32Array {
    for (let i = 0; i < 4; i++) this.#words[i] = this.#table.keyWord(number - 1, i);
    return this.#words;
  }

  /** The interface to send from: needed for link-local addresses and without one, 0 leaves it to the routing table. */
  localInterface(number: number): number {
    return this.#table.keyWord(number - 1, INTERFACE);
  }

  /** A flow has a key with this scope word: its numbers last until `release`. */
  hold(scope: number): void {
    if (scope === 0) return;
    if (scope >>> 16 !== 0) this.#table.retain((scope >>> 16) - 1);
    if ((scope & 0xffff) !== 0) this.#table.retain((scope & 0xffff) - 1);
  }

  /** The flow is over. */
  release(scope: number): void {
    if (scope === 0) return;
    this.#release(scope >>> 16);
    this.#release(scope & 0xffff);
  }

  /** Finds or adds the key in the table's scratch, and holds it; 0 when the table is full. */
  #take(): number {
    const table = this.#table;
    let entry = table.find();
    if (entry < 0 && table.size >= this.#most) return 0;
    if (entry < 0) entry = table.insert(0);
    table.retain(entry);
    return entry + 1;
  }

  #release(number: number): void {
    if (number > 0) this.#table.release(number - 1);
  }
}

/** fe80::/10 */
function isLinkLocal(firstWord: number): boolean {
  return firstWord >>> 22 === 0xfe80 >>> 6;
}

function isNoAddress(words: Uint32Array, at: number): boolean {
  return words[at + 3] === 0 && words[at] === 0 && words[at + 1] === 0 && words[at + 2] !== MAPPED_WORD;
}

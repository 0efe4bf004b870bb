/**
 * Small numbers for what a client key's scope word holds: zones of link-local clients, and local addresses that clients of
 * a wildcard listener write to. As many as the machine has interfaces and addresses; past 65,535 number 0 stands in.
 */
import { CONTROL_INTERFACE, CONTROL_LOCAL } from "../../linux/control.js";
import { MAPPED_WORD } from "../../linux/sockaddr.js";

const MOST = 0xffff;

export class Scopes {
  /** Four words and the interface of each local address. */
  readonly #locals: { readonly words: Uint32Array; readonly interfaceIndex: number }[] = [
    { words: new Uint32Array(4), interfaceIndex: 0 },
  ];
  readonly #zones: number[] = [0];
  #lastLocal = 0;

  /** The number of a zone (an interface index); 0 for 0. */
  zoneNumber(interfaceIndex: number): number {
    if (interfaceIndex === 0) return 0;
    const known = this.#zones.indexOf(interfaceIndex);
    if (known >= 0) return known;
    return this.#zones.length > MOST ? 0 : this.#zones.push(interfaceIndex) - 1;
  }

  /** The interface index of a zone number. */
  zone(number: number): number {
    return this.#zones[number];
  }

  /**
   * The number of the local address in parsed control messages, or of the interface alone where any of its addresses may
   * answer: after a multicast request. 0 when neither is known.
   */
  localNumber(control: Uint32Array): number {
    if (this.#isLocal(this.#lastLocal, control)) return this.#lastLocal;
    if (isNoAddress(control, CONTROL_LOCAL) && control[CONTROL_INTERFACE] === 0) return 0;
    for (let number = 1; number < this.#locals.length; number++) {
      if (!this.#isLocal(number, control)) continue;
      this.#lastLocal = number;
      return number;
    }
    return this.#addLocal(control);
  }

  /** Its four words; all are 0 where a number stands for an interface alone. */
  local(number: number): Uint32Array {
    return this.#locals[number].words;
  }

  /** The interface to send from: needed for link-local addresses and without one, 0 leaves it to the routing table. */
  localInterface(number: number): number {
    return this.#locals[number].interfaceIndex;
  }

  #isLocal(number: number, control: Uint32Array): boolean {
    const { words, interfaceIndex } = this.#locals[number];
    return (
      number > 0 &&
      words[3] === control[CONTROL_LOCAL + 3] &&
      words[2] === control[CONTROL_LOCAL + 2] &&
      words[1] === control[CONTROL_LOCAL + 1] &&
      words[0] === control[CONTROL_LOCAL] &&
      (interfaceIndex === 0 || interfaceIndex === control[CONTROL_INTERFACE])
    );
  }

  #addLocal(control: Uint32Array): number {
    if (this.#locals.length > MOST) return 0;
    const words = control.slice(CONTROL_LOCAL, CONTROL_LOCAL + 4);
    const needsInterface = words[0] >>> 22 === 0xfe80 >>> 6 || isNoAddress(words, 0);
    this.#locals.push({ words, interfaceIndex: needsInterface ? control[CONTROL_INTERFACE] : 0 });
    return this.#locals.length - 1;
  }
}

function isNoAddress(words: Uint32Array, at: number): boolean {
  return words[at + 3] === 0 && words[at] === 0 && words[at + 1] === 0 && words[at + 2] !== MAPPED_WORD;
}

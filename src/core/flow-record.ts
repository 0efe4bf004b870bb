/**
 * The layout of one flow in the flow table: 32 words of 32 bits, two cache lines. Declared here once; the flow table,
 * the forwarder and the planes derive every offset from it. The first line holds what each datagram needs.
 */

/** Words of a client key: IP (4), scope, listener << 16 | port, discriminator. They are the record's words 0 to 6. */
export const KEY_WORDS = 7;
/**
 * zone number << 16 | local address number, both given out by the plane, 0 for none. A wildcard listener numbers the
 * local addresses that clients write to, so that a client who writes to two of them has a flow for each.
 */
export const KEY_SCOPE = 4;
export const KEY_PORT = 5;
/** 0 where a client has one flow on a listener, else backend slot + 1 (affinity `none`). */
export const KEY_DISCRIMINATOR = 6;

export const RECORD_WORDS = 32;
export const RECORD_DOUBLES = RECORD_WORDS / 2;

/** Offsets in 32-bit words from the record's start. */
export const HASH = 7;
export const NEXT = 8;
export const STATE = 9;
export const BACKEND = 10;
export const REQUESTS = 11;
export const REPLIES = 12;
/** Requests without a reply yet. */
export const AWAITING = 13;
export const USE_PREVIOUS = 18;
export const USE_NEXT = 19;
export const AGE_PREVIOUS = 20;
export const AGE_NEXT = 21;
/** Position in the table of live flows per client IP, or -1. */
export const CLIENT_IP = 22;
/** Position in the table of affinity bindings, or -1. */
export const BINDING = 23;

/** Offsets in 64-bit doubles from the record's start; times are milliseconds of a monotonic clock. */
export const LAST_SEEN = 7;
/** When the request that waits longest was sent, or when the last reply came, whichever is later. */
export const WAITING_SINCE = 8;
/** When the flow was last moved to the end of its use list. */
export const LISTED_AT = 12;
export const CREATED_AT = 13;
export const REQUEST_BYTES = 14;
export const REPLY_BYTES = 15;

/** Values of STATE. */
export const FREE = 0;
/** In the index: the next datagram of this key goes to this flow. */
export const OPEN = 1;
/** Has taken its `session.requests`; replies still reach the client. */
export const DETACHED = 2;
/** Every reply is in; the plane sends the last one and ends the flow. */
export const ANSWERED = 3;
/** Another flow has taken the client over; replies that were under way still reach it. */
export const MOVED = 4;
/** Set beside a state while the reply time of a lone request is being taken. */
export const TIMING = 8;
/** Set beside a state where the listener's guard limits amplification: a reply has gone to the client. */
export const REPLIED = 16;
/** Set beside a state: the client went on after a reply, so it is taken to be where its address says. */
export const PROVED = 32;
/** Set beside a state while a request waits whose answer is expected: the first one, or one of a flow that is in the habit. */
export const EXPECTING = 64;
/** Two bits beside a state: how many exchanges in a row have been answered, at most 3, which is a habit. */
export const HABIT = 3 << 7;
export const HABIT_STEP = 1 << 7;
/** Set beside a state when requests are taken for lost after a second without a reply, until the next reply comes. */
export const GIVEN_UP = 1 << 9;
export const STATE_MASK = 7;
/** Beside a state, above the flags: a count of the table's flows, modulo 2^16. It tells flows with one number apart. */
export const SERIAL_SHIFT = 10;
export const SERIAL_MASK = 0xffff;
/** Beside a state, above the serial: how often the client has moved to get here, at most MOST_MOVES. Bit 31 stays free. */
export const MOVES_SHIFT = 26;
export const MOST_MOVES = 31;

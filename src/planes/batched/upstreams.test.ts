/** The lists of resting flow sockets, with real sockets. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { AF_INET } from "../../linux/constants.js";
import { epollBytes, openEpoll } from "../../linux/epoll.js";
import { loadLibc } from "../../linux/libc.js";
import { openArena } from "../../linux/memory.js";
import { ANSWERED, UNANSWERED, Upstreams } from "./upstreams.js";

const skip = process.platform === "linux" ? false : "needs Linux";

test("Upstreams.closeUntil: closes what had every reply and what has rested enough, and no others", {
  skip,
}, (t) => {
  const arena = openArena(loadLibc(), Upstreams.arenaBytes() + epollBytes(8) + 65_536);
  t.after(() => arena.close());
  const epoll = openEpoll(arena, 8);
  t.after(() => epoll.close());
  const descriptors = new Int32Array(8);
  const upstreams = new Upstreams({ arena, epoll, descriptors, gro: false, late: () => {} });
  t.after(() => upstreams.closeAll());
  upstreams.setBackend(0, [0, 0, 0xffff, 0x7f000001], 0, 9, AF_INET);
  const rest = (list: typeof ANSWERED | typeof UNANSWERED, untilMs: number) => {
    const upstream = upstreams.take(0, 0, 0);
    assert.ok(upstream >= 0);
    upstreams.rest(upstream, list, untilMs);
    return upstream;
  };
  rest(ANSWERED, 100);
  const [a, , , b] = [30, 10, 20, 40].map((untilMs) => rest(UNANSWERED, untilMs));
  upstreams.closeUntil(20);
  assert.deepEqual([upstreams.resting, upstreams.open], [2, 2]);
  assert.ok(upstreams.fd(a) >= 0 && upstreams.fd(b) >= 0);
  upstreams.expire(40, 10);
  assert.deepEqual([upstreams.resting, upstreams.open], [0, 0]);
});

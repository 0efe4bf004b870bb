import assert from "node:assert/strict";
import { test } from "node:test";
import { SluiceError } from "../core/errors.js";
import { addressOfListener, parseAdminAddress } from "./admin-address.js";

const where = (text: string, isTls = false) => {
  const { host, port, isTls: secure, socketPath } = parseAdminAddress(text, isTls);
  return socketPath ?? `${secure ? "tls" : "tcp"} ${host} ${port}`;
};

test("parseAdminAddress: addresses, names, URLs and sockets", () => {
  assert.equal(where("127.0.0.1:9901"), "tcp 127.0.0.1 9901");
  assert.equal(where("[::1]:9901"), "tcp ::1 9901");
  assert.equal(where("[fe80::1%eth0]:9901"), "tcp fe80::1%eth0 9901");
  assert.equal(where("lb.example.org:9901"), "tcp lb.example.org 9901");
  assert.equal(where("http://localhost:9901/"), "tcp localhost 9901");
  assert.equal(where("https://lb.example.org"), "tls lb.example.org 443");
  assert.equal(where("HTTP://lb.example.org"), "tcp lb.example.org 80");
  assert.equal(where("unix:/run/sluice/admin.sock"), "/run/sluice/admin.sock");
  assert.equal(where("127.0.0.1:9901", true), "tls 127.0.0.1 9901");
  assert.equal(where("http://127.0.0.1:9901", true), "tcp 127.0.0.1 9901");
});

test("parseAdminAddress: what it would have to guess at is refused", () => {
  const refused = [
    ...[
      "",
      "9901",
      ":9901",
      "127.0.0.1",
      "127.0.0.1:0",
      "127.0.0.1:65536",
      "127.1:9901",
      "1.2.3.400:1",
      "::1:9901",
    ],
    ...[
      "[::1]",
      "[::zz]:9901",
      "unix:",
      "unix:/a\u001b[2J",
      "http://",
      "ftp://a:1",
      "http://a:1/path",
      "a/b:1",
    ],
    ...["http://user:secret@a:1", "http://a:1?x", "http://a:1#x", "a b:1", "a\n:1", "-a:1"],
  ];
  for (const text of refused) {
    assert.throws(
      () => parseAdminAddress(text),
      (error) => error instanceof SluiceError && error.message.includes("such as 127.0.0.1:9901"),
      text,
    );
  }
});

test("parseAdminAddress: an error shows what was written without its control characters", () => {
  assert.throws(
    () => parseAdminAddress("\u001b[2J"),
    (error) => error instanceof SluiceError && !error.message.includes("\u001b"),
  );
});

test("addressOfListener: a wildcard address is reached over loopback; port 0 cannot be known", () => {
  assert.equal(addressOfListener("0.0.0.0:9901", false).host, "127.0.0.1");
  assert.equal(addressOfListener("[::]:9901", true).host, "::1");
  assert.equal(addressOfListener("192.0.2.1:9901", false).host, "192.0.2.1");
  assert.equal(addressOfListener("unix:/a.sock", true).isTls, false);
  assert.throws(() => addressOfListener("127.0.0.1:0", false), SluiceError);
});

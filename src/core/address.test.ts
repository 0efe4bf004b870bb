import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  AddressError,
  endpointEquals,
  formatEndpoint,
  formatIp,
  ipEquals,
  isLoopback,
  isWildcard,
  parseEndpoint,
  parseIp,
  parsePrefix,
} from "./address.js";
import { SluiceError } from "./errors.js";

function refuses(parse: (text: string) => unknown, text: string, expected: RegExp): void {
  assert.throws(
    () => parse(text),
    (error) => {
      assert.ok(error instanceof AddressError, `${error}`);
      assert.match(error.message, expected);
      assert.ok(error.message.includes(`${JSON.stringify(text)}: expected `), error.message);
      return true;
    },
  );
}

describe("parseIp", () => {
  it("reads IPv4 into its IPv4-mapped words", () => {
    assert.deepEqual(parseIp("192.0.2.1"), { family: 4, words: [0, 0, 0xffff, 0xc0000201], zone: "" });
    assert.deepEqual(parseIp("255.255.255.255").words, [0, 0, 0xffff, 0xffffffff]);
    assert.deepEqual(parseIp("0.0.0.0").words, [0, 0, 0xffff, 0]);
  });

  it("reads IPv6 into four words, most significant first", () => {
    assert.deepEqual(parseIp("2001:db8:1:2:3:4:5:6"), {
      family: 6,
      words: [0x20010db8, 0x00010002, 0x00030004, 0x00050006],
      zone: "",
    });
  });

  it("reads IPv4-mapped text as the IPv4 address", () => {
    assert.deepEqual(parseIp("::ffff:1.2.3.4"), parseIp("1.2.3.4"));
    assert.deepEqual(parseIp("::ffff:102:304"), parseIp("::ffff:1.2.3.4"));
  });

  it("keeps the zone of an IPv6 address", () => {
    assert.deepEqual(parseIp("fe80::1%eth0"), { family: 6, words: [0xfe800000, 0, 0, 1], zone: "eth0" });
    assert.equal(parseIp("fe80::1%3").zone, "3");
    assert.equal(parseIp("fe80::1%br-lan.7").zone, "br-lan.7");
  });

  it("refuses a zone that is empty, garbled or on IPv4", () => {
    for (const zone of ["", "a b", "a%b", "a/b", "a:b", "a]", "a\u0000", "a\n"]) {
      refuses(parseIp, `fe80::1%${zone}`, /before the zone, such as fe80::1%eth0/);
    }
    refuses(parseIp, "192.0.2.1%eth0", /expected an IPv6 address before the zone/);
    refuses(parseIp, "::ffff:192.0.2.1%eth0", /expected an IPv6 address before the zone/);
  });

  it("says what is wrong with a dotted quad", () => {
    for (const text of [
      "1.2.3",
      "1.2.3.4.5",
      "256.1.1.1",
      "01.2.3.4",
      "1.2.3.00",
      "127.1",
      "2130706433",
      "1..2.3",
    ]) {
      refuses(parseIp, text, /four decimal numbers from 0 to 255 without leading zeros/);
    }
  });

  it("says that a host name is not an address", () => {
    for (const text of ["localhost", "dns.example.com", "example.com.", "my_host-1"]) {
      refuses(parseIp, text, /expected an IP address, not a host name/);
    }
  });

  it("refuses malformed IPv6", () => {
    for (const text of [
      ":",
      ":::",
      "1:",
      ":1",
      "1::2::3",
      "1:2:3:4:5:6:7",
      "1:2:3:4:5:6:7:8:9",
      "12345::",
      "g::",
    ]) {
      refuses(parseIp, text, /such as 2001:db8::1/);
    }
    for (const text of [
      "1:2:3:4:5:6:7:8::",
      "::1:2:3:4:5:6:7:8",
      "1:2:3:4::5:6:7:8",
      "[::1]",
      " ::1",
      "::1 ",
      "+::1",
    ]) {
      refuses(parseIp, text, /such as 2001:db8::1/);
    }
    for (const text of [
      "1.2.3.4::",
      "::1.2.3.4:5",
      "::1.2.3",
      "::01.2.3.4",
      "1:2:3:4:5:6:7:1.2.3.4",
      "1:2:3:4:5:1.2.3.4",
    ]) {
      refuses(parseIp, text, /such as 2001:db8::1/);
    }
  });

  it("shows a long or garbled value safely", () => {
    assert.throws(() => parseIp("x\u001b[31m"), { message: /"x\\u001b\[31m"/ });
    assert.throws(
      () => parseIp("a:".repeat(1000)),
      (error: Error) => error.message.length < 250 && error.message.includes("…"),
    );
  });
});

describe("AddressError", () => {
  it("is a SluiceError with a code and its own name", () => {
    const error = new AddressError("text");
    assert.ok(error instanceof SluiceError);
    assert.equal(error.code, "ADDRESS_INVALID");
    assert.equal(error.name, "AddressError");
  });
});

describe("formatIp", () => {
  const canonical: readonly (readonly [text: string, expected: string])[] = [
    ["192.0.2.1", "192.0.2.1"],
    ["0:0:0:0:0:0:0:0", "::"],
    ["0:0:0:0:0:0:0:1", "::1"],
    ["1:0:0:0:0:0:0:0", "1::"],
    ["2001:DB8::00A1", "2001:db8::a1"],
    // RFC 5952 section 4.2.2: `::` is not for a single group; 4.2.3: the longest run, the first of equals
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["0:0:1::0:0", "0:0:1::"],
    ["::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"],
    ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
    ["::FFFF:C000:0201", "192.0.2.1"],
    ["::1.2.3.4", "::102:304"],
    ["64:ff9b::1.2.3.4", "64:ff9b::102:304"],
    ["1:2:3:4:5::1.2.3.4", "1:2:3:4:5:0:102:304"],
    ["1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"],
    ["1::1.2.3.4", "1::102:304"],
    ["FE80::1%Eth0", "fe80::1%Eth0"],
  ];
  for (const [text, expected] of canonical) {
    it(`writes ${text} as ${expected}`, () => assert.equal(formatIp(parseIp(text)), expected));
  }
});

describe("parseEndpoint", () => {
  it("reads and formatEndpoint writes both families", () => {
    for (const text of ["127.0.0.1:53", "[::1]:53", "[fe80::1%eth0]:53", "0.0.0.0:0", "[::]:65535"]) {
      assert.equal(formatEndpoint(parseEndpoint(text)), text);
    }
    assert.equal(formatEndpoint(parseEndpoint("[::ffff:1.2.3.4]:1")), "1.2.3.4:1");
    assert.deepEqual(parseEndpoint("[::1]:53"), {
      ip: { family: 6, words: [0, 0, 0, 1], zone: "" },
      port: 53,
    });
  });

  it("refuses a host name", () => {
    refuses(parseEndpoint, "localhost:53", /expected an IP address, not a host name/);
    refuses(parseEndpoint, "dns.example.com:53", /expected an IP address, not a host name/);
  });

  it("asks for a missing port", () => {
    refuses(parseEndpoint, "127.0.0.1", /expected a port too, such as 127\.0\.0\.1:53$/);
    refuses(parseEndpoint, "[::1]", /expected a port too, such as \[::1\]:53$/);
    refuses(parseEndpoint, "localhost", /expected an IP address and a port/);
    refuses(parseEndpoint, "", /expected an IP address and a port/);
    refuses(parseEndpoint, "127.0.0.1:", /expected a decimal port from 0 to 65535/);
  });

  it("asks for a missing address", () => {
    refuses(parseEndpoint, ":53", /such as 0\.0\.0\.0:53 or \[::\]:53$/);
  });

  it("asks for brackets around IPv6, with the likely meaning as the example", () => {
    refuses(parseEndpoint, "2001:db8::1:53", /brackets around the IPv6 address, such as \[2001:db8::1\]:53$/);
    refuses(parseEndpoint, "::1:5353", /brackets around the IPv6 address, such as \[::1\]:5353$/);
    refuses(parseEndpoint, "::1", /brackets around the IPv6 address, such as \[::1\]:53$/);
    refuses(
      parseEndpoint,
      "1:2:3:4:5:6:7:8",
      /brackets around the IPv6 address, such as \[1:2:3:4:5:6:7:8\]:53$/,
    );
    refuses(parseEndpoint, "1:2:3", /brackets around the IPv6 address, such as \[2001:db8::1\]:53$/);
    refuses(parseEndpoint, "[::1:53", /IPv6 address in brackets/);
    refuses(parseEndpoint, "[1.2.3.4]:53", /IPv6 address in brackets/);
    refuses(parseEndpoint, "::ffff:1.2.3.4:53", /brackets around the IPv6 address/);
    refuses(parseEndpoint, "[::1%]:53", /IPv6 address in brackets/);
  });

  it("refuses a port that is not a decimal number up to 65535", () => {
    for (const port of [
      "65536",
      "99999",
      "100000",
      "-1",
      "+1",
      " 1",
      "1 ",
      "01",
      "0x1",
      "1.0",
      "1e3",
      "dns",
      "１",
    ]) {
      refuses(parseEndpoint, `127.0.0.1:${port}`, /expected a decimal port from 0 to 65535/);
    }
  });

  it("refuses a bad IPv4 address before a port", () => {
    refuses(parseEndpoint, "1.2.3.256:53", /four decimal numbers/);
    refuses(parseEndpoint, " 1.2.3.4:53", /such as 192\.0\.2\.1/);
  });
});

describe("parsePrefix", () => {
  it("reads an address and a length", () => {
    assert.deepEqual(parsePrefix("10.0.0.0/8"), { ip: parseIp("10.0.0.0"), length: 8 });
    assert.deepEqual(parsePrefix("192.0.2.1/32").length, 32);
    assert.deepEqual(parsePrefix("0.0.0.0/0").length, 0);
    assert.deepEqual(parsePrefix("2001:db8::/32"), { ip: parseIp("2001:db8::"), length: 32 });
  });

  it("reads an IPv4-mapped network as the IPv4 network", () => {
    assert.deepEqual(parsePrefix("::ffff:10.0.0.0/104"), parsePrefix("10.0.0.0/8"));
    assert.deepEqual(parsePrefix("::ffff:0:0/96"), parsePrefix("0.0.0.0/0"));
    refuses(parsePrefix, "::ffff:0:0/95", /expected no bits set beyond the length: ::fffe:0:0\/95$/);
    refuses(parsePrefix, "::ffff:10.0.0.0/8", /expected no bits set beyond the length: ::\/8$/);
    refuses(parsePrefix, "::ffff:10.0.0.0/129", /0 to 128, such as ::ffff:10\.0\.0\.0\/128$/);
  });

  it("suggests the masked address when bits beyond the length are set", () => {
    refuses(parsePrefix, "10.1.2.3/8", /expected no bits set beyond the length: 10\.0\.0\.0\/8$/);
    refuses(parsePrefix, "10.1.2.3/12", /: 10\.0\.0\.0\/12$/);
    refuses(parsePrefix, "10.17.2.3/12", /: 10\.16\.0\.0\/12$/);
    refuses(parsePrefix, "2001:db8::1/64", /: 2001:db8::\/64$/);
    refuses(parsePrefix, "::ffff:10.1.0.0/104", /: 10\.0\.0\.0\/8$/);
  });

  it("refuses a missing or impossible length, a zone and a second slash", () => {
    refuses(parsePrefix, "10.0.0.0", /expected a length from 0 to 32, such as 10\.0\.0\.0\/32$/);
    for (const length of ["33", "-1", "", "08", "8 ", "1e1"]) {
      refuses(parsePrefix, `10.0.0.0/${length}`, /expected a length from 0 to 32/);
    }
    refuses(parsePrefix, "2001:db8::/129", /expected a length from 0 to 128/);
    refuses(parsePrefix, "fe80::%eth0/10", /expected an IP address and a length/);
    refuses(parsePrefix, "10.0.0.0/8/8", /expected an IP address and a length/);
    refuses(parsePrefix, "lan/8", /expected an IP address and a length/);
  });
});

describe("isWildcard, isLoopback", () => {
  it("know the wildcards", () => {
    for (const text of ["0.0.0.0", "::", "::ffff:0.0.0.0"]) assert.ok(isWildcard(parseIp(text)), text);
    for (const text of ["0.0.0.1", "::1", "1::", "0:1::", "::fffe:0:0"])
      assert.ok(!isWildcard(parseIp(text)), text);
  });

  it("know the loopback addresses", () => {
    for (const text of ["127.0.0.1", "127.255.0.9", "::1", "::ffff:127.0.0.1"])
      assert.ok(isLoopback(parseIp(text)), text);
    for (const text of ["126.0.0.1", "128.0.0.1", "::", "::2", "::127.0.0.1", "1::1", "0:1::1"]) {
      assert.ok(!isLoopback(parseIp(text)), text);
    }
  });
});

describe("ipEquals, endpointEquals", () => {
  it("compare what is named, not how it is spelt", () => {
    assert.ok(ipEquals(parseIp("2001:db8::1"), parseIp("2001:DB8:0:0::1")));
    assert.ok(ipEquals(parseIp("192.0.2.1"), parseIp("::ffff:192.0.2.1")));
    assert.ok(!ipEquals(parseIp("192.0.2.1"), parseIp("192.0.2.2")));
    assert.ok(!ipEquals(parseIp("::"), parseIp("0.0.0.0")));
    assert.ok(!ipEquals(parseIp("fe80::1%eth0"), parseIp("fe80::1%eth1")));
  });

  it("compare ports too", () => {
    assert.ok(endpointEquals(parseEndpoint("[::1]:53"), parseEndpoint("[0::1]:53")));
    assert.ok(!endpointEquals(parseEndpoint("[::1]:53"), parseEndpoint("[::1]:54")));
    assert.ok(!endpointEquals(parseEndpoint("127.0.0.1:53"), parseEndpoint("127.0.0.2:53")));
  });
});

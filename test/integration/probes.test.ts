/** Probes against real servers, each with a config and a port of its own: they pass, and fail for the right reason. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import { userInfo } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { ProbeResult } from "#src/health/probe.js";
import { openPingServer } from "#src/lab/ping-server.js";
import { needs } from "../support/needs.js";
import {
  createDirectory,
  findFreePort,
  probeUntil,
  probeUntilOk,
  runProbe,
  startServer,
  stopServer,
} from "../support/probed-server.js";
import type { RunningProcess } from "../support/run-cli.js";

/** A server that is gone refuses by ICMP, which a probe sees at once. */
async function assertRefusedWhenStopped(server: RunningProcess, probe: unknown, port: number): Promise<void> {
  await stopServer(server);
  const { ok, reason } = await runProbe(probe, port);
  assert.deepEqual([ok, reason], [false, "refused (ICMP port unreachable)"]);
}

/** A key and a certificate that nobody has signed, as paths. */
function createCertificate(t: TestContext): { key: string; certificate: string } {
  const directory = createDirectory(t);
  const [key, certificate] = [join(directory, "key.pem"), join(directory, "certificate.pem")];
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const subject = ["-subj", "/CN=localhost"];
  const args = ["req", "-x509", ...kind, ...subject, "-keyout", key, "-out", certificate];
  execFileSync("openssl", args, { stdio: "pipe" });
  return { key, certificate };
}

test("dns: dnsmasq answers, and says which names it does not know", needs("dnsmasq"), async (t) => {
  const port = await findFreePort();
  const own = ["--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--pid-file="];
  const place = ["--listen-address=127.0.0.1", "--bind-interfaces", `--port=${port}`];
  const names = ["--address=/known.test/192.0.2.1", "--local=/test/", `--user=${userInfo().username}`];
  const server = startServer(t, "dnsmasq", [...own, ...place, ...names]);

  const probe = { type: "dns", name: "known.test", recordType: "A" };
  assert.equal((await probeUntilOk(probe, port, server)).reason, "rcode NOERROR");
  const unknown = await runProbe({ ...probe, name: "unknown.test" }, port);
  assert.deepEqual([unknown.ok, unknown.reason], [false, "rcode NXDOMAIN, expected NOERROR"]);
  const root = await runProbe("dns", port);
  assert.deepEqual([root.ok, root.reason], [false, "rcode REFUSED, expected NOERROR"]);
  await assertRefusedWhenStopped(server, probe, port);
});

test("radius: freeradius answers who knows the secret", needs("freeradius"), async (t) => {
  const port = await findFreePort();
  const secret = "a shared secret";
  const directory = createDirectory(t, { secret: `${secret}\n` });
  const config = `
    libdir = /usr/lib/freeradius
    run_dir = ${directory}
    logdir = ${directory}
    pidfile = ${directory}/pid
    security { status_server = yes }
    thread pool { start_servers = 1 max_servers = 1 min_spare_servers = 1 max_spare_servers = 1 }
    modules { }
    client test { ipaddr = 127.0.0.1 secret = "${secret}" }
    server default {
      listen { type = auth ipaddr = 127.0.0.1 port = ${port} }
      authorize { }
    }`;
  // One assignment a line, as its parser wants it.
  const lines = config.replace(/(\{|\}|\S+ = (?:"[^"]*"|\S+))/g, "$1\n");
  writeFileSync(join(directory, "radiusd.conf"), lines);
  const server = startServer(t, "freeradius", ["-f", "-l", "stdout", "-d", directory, "-n", "radiusd"]);

  const probe = { type: "radius", secret: { file: join(directory, "secret") } };
  assert.equal((await probeUntilOk(probe, port, server)).reason, "Access-Accept");
  assert.equal((await runProbe({ type: "radius", secret }, port)).ok, true);
  // The server drops what is not signed with its secret.
  const stranger = await runProbe({ type: "radius", secret: "another" }, port, 1_000);
  assert.deepEqual([stranger.ok, stranger.reason], [false, "no answer within 1s"]);
  const unreadable = await runProbe({ type: "radius", secret: { file: join(directory, "none") } }, port);
  assert.equal(unreadable.reason, "cannot read the secret: no such file");
  await assertRefusedWhenStopped(server, probe, port);
});

test("stun: coturn answers, with a fingerprint where one is asked for", needs("turnserver"), async (t) => {
  const port = await findFreePort();
  const directory = createDirectory(t);
  const place = ["-L", "127.0.0.1", "-p", String(port), "--no-tls", "--no-dtls", "--no-cli", "--no-tcp"];
  const files = [
    "--pidfile",
    join(directory, "pid"),
    "--userdb",
    join(directory, "db"),
    "--log-file",
    "stdout",
  ];
  const server = startServer(t, "turnserver", ["-n", ...place, ...files, "--stun-only", "--fingerprint"]);

  assert.equal((await probeUntilOk("stun", port, server)).reason, "binding success");
  assert.equal((await runProbe({ type: "stun", fingerprint: true }, port)).ok, true);
  await assertRefusedWhenStopped(server, "stun", port);
});

test("ntp: chrony answers once it is synchronised", needs("chronyd"), async (t) => {
  const port = await findFreePort();
  const directory = createDirectory(t);
  const start = (name: string, more: readonly string[]) => {
    const lines = [
      `port ${port}`,
      "bindaddress 127.0.0.1",
      "allow 127.0.0.1",
      "cmdport 0",
      "bindcmdaddress /",
      `pidfile ${directory}/${name}.pid`,
      ...more,
    ];
    writeFileSync(join(directory, name), `${lines.join("\n")}\n`);
    return startServer(t, "chronyd", [
      "-d",
      "-x",
      "-U",
      "-u",
      userInfo().username,
      "-f",
      join(directory, name),
    ]);
  };

  const synchronised = start("synchronised", ["local stratum 5"]);
  assert.equal((await probeUntilOk("ntp", port, synchronised)).reason, "stratum 5");
  const tooFar = await runProbe({ type: "ntp", maxStratum: 4 }, port);
  assert.deepEqual([tooFar.ok, tooFar.reason], [false, "stratum 5, expected at most 4"]);
  await assertRefusedWhenStopped(synchronised, "ntp", port);

  const alone = start("alone", []);
  const isAnswered = ({ reason }: ProbeResult) => !reason.startsWith("refused");
  const { ok, reason } = await probeUntil(isAnswered, "ntp", port, alone);
  assert.equal(ok, false);
  assert.match(reason, /^(kiss-o'-death|clock not synchronised \(leap 3\))/);
});

test("sip: kamailio answers OPTIONS", needs("kamailio"), async (t) => {
  const port = await findFreePort();
  const config = `
log_stderror=yes
children=1
disable_tcp=yes
auto_aliases=no
listen=udp:127.0.0.1:${port}
loadmodule "sl.so"
request_route {
  if (uri =~ "^sip:busy@") { sl_send_reply("503", "Service Unavailable"); exit; }
  sl_send_reply("200", "OK");
}
`;
  const directory = createDirectory(t, { "kamailio.cfg": config });
  const memory = ["-m", "16", "-M", "2"];
  const files = ["-f", join(directory, "kamailio.cfg"), "-Y", directory, "-P", join(directory, "pid")];
  const server = startServer(t, "kamailio", ["-DD", "-E", ...memory, ...files]);

  assert.equal((await probeUntilOk("sip", port, server)).reason, "status 200");
  const busy = await runProbe({ type: "sip", uri: `sip:busy@127.0.0.1:${port}` }, port);
  assert.deepEqual([busy.ok, busy.reason], [false, "status 503, expected 200-407 or 409-499"]);
  await assertRefusedWhenStopped(server, "sip", port);
});

test("coap: libcoap's server answers a ping by a reset", needs("coap-server-notls"), async (t) => {
  const port = await findFreePort();
  const server = startServer(t, "coap-server-notls", ["-A", "127.0.0.1", "-p", String(port)]);
  assert.equal((await probeUntilOk("coap", port, server)).reason, "reset");
  await assertRefusedWhenStopped(server, "coap", port);
});

test("quic: ngtcp2's server answers by Version Negotiation", needs("gtlsserver", "openssl"), async (t) => {
  const port = await findFreePort();
  const { key, certificate } = createCertificate(t);
  const server = startServer(t, "gtlsserver", ["127.0.0.1", String(port), key, certificate]);
  assert.match((await probeUntilOk("quic", port, server)).reason, /^version negotiation, \d+ versions$/);
  await assertRefusedWhenStopped(server, "quic", port);
});

test("https: a certificate must be valid unless insecure is set", needs("openssl"), async (t) => {
  const { key, certificate } = createCertificate(t);
  const server = createServer(
    { key: readFileSync(key), cert: readFileSync(certificate) },
    (_request, response) => response.end(),
  );
  t.after(() => server.close());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const strict = await runProbe("https", port);
  assert.deepEqual([strict.ok, strict.reason], [false, "cannot be asked (DEPTH_ZERO_SELF_SIGNED_CERT)"]);
  assert.equal((await runProbe({ type: "https", insecure: true }, port)).reason, "status 200");
});

test("ping: the lab's server answers", async (t) => {
  const loss = { numerator: 0, denominator: 1 };
  const server = await openPingServer({ address: "127.0.0.1", port: 0, loss, random: () => 0 });
  t.after(() => server.close());
  const { ok, reason } = await runProbe("ping", server.port);
  assert.deepEqual([ok, reason], [true, "answered"]);
});

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { backendSample, flowSample, statusSample } from "#src/cli/samples.testing.js";
import { type FakeAdmin, openFakeAdmin, refuse } from "../support/fake-admin.js";
import { RunningProcess, runProgram, SLUICE } from "../support/run-cli.js";
import { createTemporaryFolder } from "../support/temporary-folder.js";

const notOnWindows = {
  skip: process.platform === "win32" ? "Windows has neither such sockets nor SIGINT for others" : false,
};

type Routes = Parameters<typeof openFakeAdmin>[1];

/** Runs the command against a fake balancer. */
async function ask(t: TestContext, args: readonly string[], routes: Routes = {}) {
  const fake = await openFakeAdmin(t, routes);
  return { ...(await sluice(args, fake.address)), fake };
}

function sluice(args: readonly string[], address: string, env: NodeJS.ProcessEnv = {}) {
  const clean = { SLUICE_ADMIN: address, SLUICE_TOKEN: "", NO_COLOR: "", ...env };
  return runProgram(process.execPath, [SLUICE, ...args], { env: clean });
}

const last = ({ asked }: FakeAdmin) => asked[asked.length - 1];

test("sluice status: one screen, no colours in a pipe", async (t) => {
  const { code, stdout, stderr } = await ask(t, ["status"]);
  assert.equal(stderr, "");
  assert.equal(code, 0);
  assert.match(stdout, /^sluice 1\.2\.3 .* ready\n/);
  assert.match(stdout, /^web\/a .*probes succeed$/m);
  assert.ok(!stdout.includes("\u001b"));
});

test("sluice status --json: each answer as it came", async (t) => {
  const { code, stdout } = await ask(t, ["status", "--json"]);
  assert.equal(code, 0);
  const answer = JSON.parse(stdout);
  assert.deepEqual(answer.status, statusSample());
  assert.deepEqual(Object.keys(answer), ["status", "listeners", "pools", "backends", "counters"]);
});

test("sluice: --json shows no character that a terminal obeys, and is the same JSON", async (t) => {
  const id = "x\u009b2J\u007f\u001b[m";
  const { stdout } = await ask(t, ["flows", "--json"], {
    "GET /api/v1/flows": { flows: [flowSample({ id })], next: null },
  });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these must not be there.
  assert.doesNotMatch(stdout, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  assert.equal(JSON.parse(stdout).flows[0].id, id);
});

test("sluice: names and messages bring no escape sequences to the terminal", async (t) => {
  const evil = "\u001b]0;owned\u0007\u009b2J";
  const routes: Routes = {
    "GET /api/v1/status": statusSample({
      version: evil,
      warnings: [{ code: evil, message: evil, at: evil }],
    }),
    "GET /api/v1/backends": { backends: [backendSample(evil, { reason: evil })] },
    "GET /api/v1/flows": { flows: [flowSample({ client: evil, id: evil })], next: evil },
    "GET /api/v1/events": { events: [{ id: 1, at: evil, type: evil, data: { [evil]: evil } }], missed: 0 },
    "GET /api/v1/config": `a: ${evil}\n`,
    "DELETE /api/v1/flows/0-7-k50000": (_: unknown, response: Parameters<typeof refuse>[0]) =>
      refuse(response, 404, evil, evil),
  };
  const fake = await openFakeAdmin(t, routes);
  for (const args of [
    ["status"],
    ["flows"],
    ["events"],
    ["config", "show"],
    ["end-flow", "0-7-k50000"],
    ["drain", evil],
  ]) {
    const { stdout, stderr } = await sluice(args, fake.address);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these must not be there.
    assert.doesNotMatch(stdout + stderr, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/, args.join(" "));
    assert.ok((stdout + stderr).includes("owned"), args.join(" "));
  }
});

test("sluice flows: filters go to the balancer, and the next page is named", async (t) => {
  const args = [
    "flows",
    "--client",
    "192.0.2.0/24",
    "--pool",
    "web",
    "--backend",
    "a",
    "--listener",
    "main",
    "--limit",
    "5",
  ];
  const { stdout, stderr, fake } = await ask(t, args, {
    "GET /api/v1/flows": { flows: [flowSample()], next: "0-7-k50000" },
  });
  assert.match(stdout, /192\.0\.2\.7:40000 +main +web\/a/);
  assert.equal(stderr, "there are more: --after 0-7-k50000\n");
  const query = new URLSearchParams(last(fake).url.split("?")[1]);
  assert.deepEqual(Object.fromEntries(query), {
    ...{ client: "192.0.2.0/24", listener: "main", pool: "web", backend: "a", limit: "5" },
  });
});

for (const [args, text] of [
  [["--backend", "nope"], /--backend: no pool has a backend "nope"; there (is|are) "a"/],
  [["--backend", "web/aa"], /"web\/aa"; did you mean "web\/a"\?/],
  [["--pool", "wep"], /--pool: no pool "wep"; did you mean "web"\?/],
  [["--listener", "mian"], /--listener: no listener "mian"; did you mean "main"\?/],
] as const) {
  test(`sluice flows ${args.join(" ")}: no such name, exit 2`, async (t) => {
    const { address } = await openFakeAdmin(t);
    const { code, stdout, stderr } = await sluice(["flows", ...args], address);
    assert.match(stderr, text);
    assert.deepEqual([code, stdout], [2, ""]);
  });
}

test("sluice explain: the answer, and why", async (t) => {
  const { stdout, fake } = await ask(t, ["explain", "192.0.2.7", "--listener", "main"]);
  assert.match(stdout, /goes to backend a/);
  assert.equal(last(fake).url, "/api/v1/explain?client=192.0.2.7&listener=main");
});

const CHANGES: readonly [args: readonly string[], body: object, state: string][] = [
  [["drain", "web/a"], { admin: "draining" }, "draining, weight 1"],
  [["drain", "web/a", "--deadline", "30s"], { admin: "draining", deadline: "30s" }, "draining, weight 1"],
  [["enable", "web/a"], { admin: "enabled" }, "up, weight 1"],
  [["disable", "web/a"], { admin: "disabled" }, "disabled, weight 1"],
  [["weight", "web/a", "7"], { weight: 7 }, "up, weight 7"],
];

for (const [args, body, state] of CHANGES) {
  test(`sluice ${args.join(" ")}: one change, and the backend after it`, async (t) => {
    // As a balancer answers whose workers have not heard of it yet.
    const { code, stdout, fake } = await ask(t, args, { "PATCH /api/v1/backends/web/a": backendSample("a") });
    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(last(fake).body), body);
    assert.equal(last(fake).headers["content-type"], "application/json");
    assert.equal(stdout, `web/a is ${state}, 60 live flows: probes succeed\n`);
  });
}

test("sluice drain: a backend's own name is enough where one pool has it", async (t) => {
  const name = "[2001:db8::1]:53";
  const path = `PATCH /api/v1/backends/web/${encodeURIComponent(name)}`;
  const routes = { "GET /api/v1/backends": { backends: [backendSample(name)] }, [path]: backendSample(name) };
  const { code, stderr } = await ask(t, ["drain", name], routes);
  assert.equal(stderr, "");
  assert.equal(code, 0);
});

test("sluice drain: a name of several pools, or of none, is bad usage that lists what there is", async (t) => {
  const backends = [backendSample("a"), backendSample("a", { pool: "dns" }), backendSample("b")];
  const routes = { "GET /api/v1/backends": { backends } };
  const several = await ask(t, ["drain", "a"], routes);
  assert.equal(several.code, 2);
  assert.match(several.stderr, /several pools have a backend a: say which of web\/a, dns\/a/);
  const none = await ask(t, ["drain", "c"], routes);
  assert.equal(none.code, 2);
  assert.match(none.stderr, /no pool has a backend c; there are web\/a, dns\/a, web\/b/);
  assert.ok(![...several.fake.asked, ...none.fake.asked].some(({ method }) => method === "PATCH"));
});

test("sluice config diff and apply: the file goes as it is, against the version that was looked at", async (t) => {
  const folder = createTemporaryFolder((remove) => t.after(remove));
  const file = join(folder, "new.yaml");
  writeFileSync(file, "# a comment\nlisten: 127.0.0.1:0\nadmin: { listen: 127.0.0.1:9901 }\n");
  const none = { added: [], removed: [], changed: [] };
  const changes = { listeners: none, pools: none, backends: { ...none, added: ["web/c"] } };
  const plan = { ...changes, flows: { live: 3, kept: 3, moved: 0, ended: 0 }, keys: [], restartNeeded: [] };
  const routes: Routes = {
    "GET /api/v1/config": { admin: {} },
    "PUT /api/v1/config": ({ url }: { readonly url: string }) =>
      url.includes("dryRun=1") ? plan : { version: 4, ...changes },
  };
  const diff = await ask(t, ["config", "diff", file], routes);
  assert.equal(diff.stdout, "+ backend web/c\nof 3 live flows: 3 stay, 0 move, 0 end\n");
  assert.equal(diff.stderr, "compared with config 3, which is in force\n");
  assert.equal(last(diff.fake).body, readFileSync(file, "utf8"));
  const apply = await ask(t, ["config", "apply", file], routes);
  assert.equal(apply.stdout, "config 4 is in force\n+ backend web/c\n");
  assert.equal(last(apply.fake).headers["if-match"], '"v3"');
  assert.equal(last(apply.fake).headers["content-type"], "application/yaml");
  const pinned = await ask(t, ["config", "apply", file, "--if-version", "2", "--json"], routes);
  assert.equal(last(pinned.fake).headers["if-match"], '"v2"');
  assert.equal(JSON.parse(pinned.stdout).version, 4);
});

test("sluice config apply: a file that is not valid is told as sluice check tells it, and exits 2", async (t) => {
  const folder = createTemporaryFolder((remove) => t.after(remove));
  const file = join(folder, "new.yaml");
  writeFileSync(file, "listen: x\n");
  const problems = [
    { line: 1, column: 9, path: "listen", message: 'found "x"' },
    { line: null, column: null, path: "", message: "no backends" },
  ];
  const { code, stdout, stderr } = await ask(t, ["config", "apply", file], {
    "PUT /api/v1/config": (_: unknown, response: Parameters<typeof refuse>[0]) =>
      refuse(response, 422, "CONFIG_INVALID", "2 problems", problems),
  });
  assert.equal(code, 2);
  assert.equal(stdout, "");
  assert.equal(stderr, `sluice: ${file}:1:9: listen: found "x"\nsluice: ${file}: no backends\n`);
});

test("sluice config apply: a config that changed meanwhile is not overwritten", async (t) => {
  const folder = createTemporaryFolder((remove) => t.after(remove));
  const file = join(folder, "new.yaml");
  writeFileSync(file, "listen: 127.0.0.1:0\n");
  const { code, stderr } = await ask(t, ["config", "apply", file], {
    "PUT /api/v1/config": (_: unknown, response: Parameters<typeof refuse>[0]) =>
      refuse(response, 412, "CONFIG_CHANGED", "it is v4"),
  });
  assert.equal(code, 1);
  assert.equal(stderr, "sluice: the config has changed since it was looked at; look again: it is v4\n");
});

test("sluice reload: what changed", async (t) => {
  const { stdout, fake } = await ask(t, ["reload"]);
  assert.equal(stdout, "config 4 is in force\nno listener, pool or backend differs\n");
  assert.equal(last(fake).method, "POST");
});

test("sluice end-flow: ends it, or says that it is over", async (t) => {
  const routes: Routes = {
    "DELETE /api/v1/flows/0-7-k50000": (_: unknown, response: Parameters<typeof refuse>[0]) => {
      response.writeHead(204).end();
    },
    "DELETE /api/v1/flows/0-8-k50000": (_: unknown, response: Parameters<typeof refuse>[0]) =>
      refuse(response, 404, "FLOW_UNKNOWN", "no such flow, or it is over already"),
  };
  const ended = await ask(t, ["end-flow", "0-7-k50000"], routes);
  assert.equal(ended.stdout, "flow 0-7-k50000 has ended\n");
  const gone = await ask(t, ["end-flow", "0-8-k50000"], routes);
  assert.equal(gone.code, 1);
  assert.equal(gone.stderr, "sluice: no such flow, or it is over already\n");
});

test(
  "sluice events: the list; with -f the stream, which goes on where a broken connection left off",
  notOnWindows,
  async (t) => {
    const list = await ask(t, ["events", "--types", "backend,operator", "--limit", "3"]);
    assert.match(list.stdout, /^\S+ backend: web\/b is down: refused$/m);
    assert.equal(last(list.fake).url, "/api/v1/events?types=backend%2Coperator&limit=3");

    let connections = 0;
    const event = (id: number) => {
      const data = JSON.stringify({
        id,
        at: "2026-03-01T12:00:00Z",
        type: "warning",
        data: { code: "c", message: `m${id}` },
      });
      return `id: ${id}\nevent: warning\ndata: ${data}\n\n`;
    };
    const fake = await openFakeAdmin(t, {
      "GET /api/v1/events": (_: unknown, response: Parameters<typeof refuse>[0]) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        const first = connections++ === 0;
        response.write(first ? `retry: 1\n\n:\n\n${event(1)}` : 'event: missed\ndata: {"count":4}\n\n');
        if (first) response.write(event(2).slice(0, 30), () => response.destroy());
        else response.write(event(7));
      },
    });
    const cli = new RunningProcess(t, process.execPath, [SLUICE, "events", "-f", "--json"], {
      env: { SLUICE_ADMIN: fake.address },
    });
    await cli.waitFor("the event of the second connection", () =>
      cli.stdout.includes("m7") ? true : undefined,
    );
    assert.deepEqual(
      cli.stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).id),
      [1, 7],
    );
    assert.match(cli.stderr, /trying again\n.*connected again\n.*missed events: \{"count":4\}/s);
    assert.equal(fake.asked[0].headers["last-event-id"], undefined);
    assert.equal(fake.asked[1].headers["last-event-id"], "1");
    assert.equal(fake.asked[0].headers.accept, "text/event-stream");
    cli.signal("SIGINT");
    assert.equal((await cli.ended()).code, 0);
  },
);

test("sluice events -f: what is no event ends it with an error", async (t) => {
  const { code, stderr } = await ask(t, ["events", "-f"], { "GET /api/v1/events": "data: {]\n\n" });
  assert.equal(code, 1);
  assert.match(stderr, /its answer is not JSON/);
});

test(
  "sluice: a token file, a Unix socket and https are reached as they are written",
  notOnWindows,
  async (t) => {
    const folder = createTemporaryFolder((remove) => t.after(remove));
    const token = join(folder, "token");
    writeFileSync(token, "0123456789abcdef\n");
    const path = join(folder, "admin.sock");
    const fake = await openFakeAdmin(t, {}, { path });
    const { code, stderr } = await sluice(
      ["flows", "--admin", `unix:${path}`, "--token-file", token],
      "127.0.0.1:1",
    );
    assert.equal(stderr, "");
    assert.equal(code, 0);
    assert.equal(last(fake).headers.authorization, "Bearer 0123456789abcdef");
    assert.equal(last(fake).headers.host, "localhost");
    const plain = await openFakeAdmin(t);
    const tls = await sluice(["flows", "--admin", `https://${plain.address}`], "127.0.0.1:1");
    assert.equal(tls.code, 1);
    assert.match(tls.stderr, /does not speak TLS/);
  },
);

const MISUSES: readonly [args: readonly string[], text: RegExp][] = [
  [["status", "--admin", "9901"], /--admin <address>.*expected IP:PORT/],
  [["drain"], /missing required argument 'backend'/],
  [["weight", "a", "-1"], /from 0 to 65535/],
  [["weight", "a", "65536"], /from 0 to 65535/],
  [["drain", "a", "--deadline", "30"], /without a unit/],
  [["config"], /Usage: sluice config/],
  [["config", "diff", "/nowhere.yaml"], /\/nowhere\.yaml: no such file/],
  [["tap", "-w", "x"], /Give a CLIENT, --flow or --listener/],
  [["tap", "192.0.2.1"], /required option '-w, --write <file>'/],
  [["top"], /top needs a terminal/],
  [["explain", "banana"], /client: .*"banana".*expected an IP address/],
  [["explain", "192.0.2.0/24"], /client: cannot read/],
  [["tap", "banana", "-w", "x"], /client: .*"banana"/],
  [["tap", "--flow", "1-2-3", "-w", "x"], /--flow: found "1-2-3"/],
  [["flows", "--client", "300.1.1.1"], /--client: .*"300\.1\.1\.1".*from 0 to 255/],
  [["flows", "--after", "x"], /--after: found "x", expected the id of a flow/],
  [["events", "--types", "foo"], /--types: no event has the type "foo", expected some of listening, reload/],
  [["events", "--types", "warning,bakend"], /"bakend"; did you mean "backend"\?/],
  [["end-flow", "1-2-3"], /id: found "1-2-3", expected the id of a flow/],
  [["completion"], /missing required argument 'shell'/],
  [["completion", "tcsh"], /Allowed choices are bash, zsh, fish/],
];

for (const [args, text] of MISUSES) {
  test(`sluice ${args.join(" ")}: bad usage, exit 2`, async () => {
    const { code, stderr } = await sluice(args, "127.0.0.1:1");
    assert.match(stderr, text);
    assert.equal(code, 2);
  });
}

/** The files in examples/ are valid and say what their comments say. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { loadConfigFile } from "./load-config.js";
import { NO_INTERFACES } from "./own-addresses.js";

const folder = fileURLToPath(new URL("../../examples/", import.meta.url));
const load = async (name: string) => (await loadConfigFile(`${folder}${name}.yaml`, NO_INTERFACES)).config;

describe("examples", () => {
  const files = readdirSync(folder).filter((file) => /\.(ya?ml|json)$/.test(file));

  it("are there", () => {
    for (const name of ["dns", "game", "lab", "syslog", "wireguard"])
      assert.ok(files.includes(`${name}.yaml`), name);
  });
  for (const file of files) {
    it(`${file} is valid and has no warning`, async () => {
      assert.deepEqual((await loadConfigFile(folder + file, NO_INTERFACES)).warnings, []);
    });
  }

  it("lab.yaml deals each datagram to the next of three servers", async () => {
    const { listeners, pools } = await load("lab");
    assert.equal(listeners[0].address.port, 2525);
    assert.equal(pools[0].policy, "round-robin");
    assert.deepEqual(pools[0].affinity, { kind: "none" });
    assert.deepEqual(
      pools[0].backends.map(({ address, weight }) => [address.port, weight]),
      [
        [2526, 1],
        [2527, 1],
        [2528, 1],
      ],
    );
  });
  it("dns.yaml makes each request a flow of its own", async () => {
    const { session } = (await load("dns")).listeners[0];
    assert.deepEqual([session.requests, session.responses], [1, 1]);
  });
  it("syslog.yaml keeps a host with its collector whatever its port", async () => {
    const [pool] = (await load("syslog")).pools;
    assert.deepEqual(pool.affinity, { kind: "client-ip", prefix4: 32, prefix6: 64 });
  });
  it("game.yaml keeps a player on one server", async () => {
    assert.deepEqual((await load("game")).pools[0].affinity, { kind: "client" });
  });
  it("wireguard.yaml waits for silent peers", async () => {
    assert.equal((await load("wireguard")).listeners[0].session.idleTimeoutMs, 600_000);
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createJsonSchema, type JsonSchema } from "./json-schema.js";
import { knownKeys } from "./known-keys.js";

/** Every schema inside, with the keys that lead to it. */
function listAll(schema: JsonSchema, path = ""): [string, JsonSchema][] {
  const inner = Object.entries(schema.properties ?? {}).flatMap(([key, value]) =>
    listAll(value, `${path}.${key}`),
  );
  const others = [schema.items ?? [], schema.anyOf ?? [], schema.oneOf ?? []].flat();
  return [[path, schema], ...inner, ...others.flatMap((value) => listAll(value, path))];
}

describe("createJsonSchema", () => {
  const all = listAll(createJsonSchema());

  it("is draft 2020-12 with a title", () => {
    assert.equal(createJsonSchema().$schema, "https://json-schema.org/draft/2020-12/schema");
    assert.equal(createJsonSchema().title, "sluice config");
  });

  it("is a new copy each time", () => assert.notEqual(createJsonSchema(), createJsonSchema()));

  it("allows no other keys anywhere", () => {
    const maps = all.filter(([, { properties }]) => properties !== undefined);
    assert.equal(maps.length, 37);
    for (const [path, { additionalProperties }] of maps) assert.equal(additionalProperties, false, path);
  });

  it("describes every key, and says what its values are", () => {
    for (const [path, { properties = {} }] of all) {
      for (const [key, value] of Object.entries(properties)) {
        assert.ok((value.description ?? "").length > 10, `${path}.${key} has no description`);
        const said = value.title ?? value.properties ?? value.items ?? value.anyOf;
        assert.ok(said !== undefined, `${path}.${key} does not say what it takes`);
      }
    }
  });

  it("requires only what has no default", () => {
    const required = all.flatMap(([path, schema]) => (schema.required ?? []).map((key) => `${path}.${key}`));
    assert.deepEqual(required.sort(), [
      ".admin.listen",
      ".admin.tls.cert",
      ".admin.tls.key",
      ".flowLog.file",
      ".listeners",
      ".listeners.address",
      ".metrics.otlp.endpoint",
      ".pools",
      ".pools.backends.address",
      ".pools.health.probe",
      ".pools.health.probe.command",
      ".pools.health.probe.secret",
      ".pools.health.probe.secret.file",
      ...Array(13).fill(".pools.health.probe.type"),
    ]);
  });

  it("has defaults that people can write and that fit their patterns", () => {
    const withPattern = all.filter(
      ([, { pattern, default: value }]) => pattern !== undefined && value !== undefined,
    );
    assert.ok(withPattern.length >= 5);
    for (const [path, { pattern, default: value }] of withPattern) {
      assert.match(String(value), new RegExp(pattern ?? ""), path);
    }
  });

  it("has a pattern that takes addresses and leaves the rest", () => {
    const { pattern } = createJsonSchema().properties?.listeners.items?.properties?.address ?? {};
    const regexp = new RegExp(pattern ?? "^$", "u");
    for (const text of ["127.0.0.1:53", "[::]:0", "[fe80::1%eth0]:53", "[::ffff:1.2.3.4]:65535"])
      assert.match(text, regexp);
    for (const text of ["localhost:53", "127.0.0.1", "::1:53", "[::1]", ""])
      assert.doesNotMatch(text, regexp);
  });
});

describe("knownKeys", () => {
  const schema = createJsonSchema();
  it("finds the keys of a map at any depth", () => {
    assert.deepEqual(knownKeys(schema, []).slice(0, 4), ["listeners", "pools", "limits", "shutdown"]);
    assert.deepEqual(knownKeys(schema, ["metrics"]), ["otlp"]);
    assert.deepEqual(knownKeys(schema, ["pools", 3, "failover"]), [
      "unhealthy",
      "draining",
      "removed",
      "unanswered",
    ]);
  });
  it("finds them in one of several alternatives", () => {
    assert.deepEqual(knownKeys(schema, ["pools", 0, "backends", 1]), [
      "name",
      "address",
      "weight",
      "state",
      "backup",
    ]);
  });
  it("finds those of one type among maps of several", () => {
    const probe = ["pools", 0, "health", "probe"];
    assert.deepEqual(knownKeys(schema, probe, "dns"), ["type", "name", "recordType", "rcodes"]);
    assert.ok(knownKeys(schema, probe).includes("secret"));
  });
  it("finds none where there is no map", () => {
    assert.deepEqual(knownKeys(schema, ["plane"]), []);
    assert.deepEqual(knownKeys(schema, ["constructor"]), []);
    assert.deepEqual(knownKeys(schema, ["plane", 0, "x"]), []);
  });
});

/** Checks of whole pools: tables that are too small, and warnings about pools that get no traffic. */
import type { Finding } from "./check-names.js";
import type { Config } from "./config.js";
import type { Draft, DraftPool } from "./draft.js";
import { quote } from "./key-path.js";
import type { SchemaOutput } from "./schema.js";

/** Finds maglev tables that do not have more entries than the pool has backends. */
export function checkMaglevTables({ pools }: Draft): Finding[] {
  return pools.flatMap(checkMaglevTable);
}

function checkMaglevTable({ path, policy, maglevTableSize: size, backends }: DraftPool): Finding[] {
  if (policy !== "maglev" || typeof size !== "number" || size > backends.length) return [];
  const message = `found ${size}, expected more entries than the pool has backends (${backends.length})`;
  return [{ path: [...path, "maglevTableSize"], message }];
}

/** Finds what is allowed but hardly meant: pools that no listener uses, and pools where no backend takes new keys. */
export function findWarnings({ listeners, pools }: Config): Finding[] {
  const used = new Set(listeners.map(({ pool }) => pool));
  const findings: Finding[] = [];
  for (const [i, { name, backends, discover }] of pools.entries()) {
    const path = ["pools", i];
    if (!used.has(name)) findings.push({ path, message: `no listener uses the pool ${quote(name)}` });
    if (discover.length === 0 && backends.every(({ state, weight }) => state !== "enabled" || weight === 0)) {
      const message = `no backend of the pool ${quote(name)} takes new keys: each is not enabled or has weight 0`;
      findings.push({ path: [...path, "backends"], message });
    }
  }
  return findings;
}

/** Finds keys that are still taken for one more version. */
export function findOldKeys({ pools }: SchemaOutput): Finding[] {
  return pools.flatMap(({ passive: { enabled } }, i) => {
    if (enabled === undefined) return [];
    const message = enabled
      ? "an older key: leave it out, this is the default of refusals and silence"
      : "an older key: write refusals: false and silence: off";
    return [{ path: ["pools", i, "passive", "enabled"], message }];
  });
}

/**
 * A balancer in a process of its own, for tests that take something away from it: `node balancer-program.js CONFIG`, with
 * the config as JSON. It says where it listens in a first line, and after each line of input its figures and warnings so far.
 */
import { createInterface } from "node:readline";
import { createBalancer } from "#src/balancer.js";

const warnings: string[] = [];
const say = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`);

const balancer = await createBalancer(JSON.parse(process.argv[2]));
balancer.on("warning", ({ code, message }) => warnings.push(`${code}: ${message}`));
say(balancer.listeners);
for await (const _ of createInterface({ input: process.stdin })) say({ stats: balancer.stats(), warnings });
await balancer.close({ graceMs: 0 });

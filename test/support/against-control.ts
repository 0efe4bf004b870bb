/** Measurements on a machine of unknown speed: each has a control from the same run, and is judged by it. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";

export interface Judgement {
  /** What is not as it should be, as far as time or the machine's other work may have a part in it. */
  readonly faults: readonly string[];
  /** Whether the control was good enough for such faults to mean something. */
  readonly isControlGood: boolean;
  /** What the control was, for the report. */
  readonly control: string;
}

const TRIES = 4;

/**
 * Measures until there are no faults, or there are some although the control was good; a few times at most, then the last
 * faults count. What may never happen, however slow the machine is, `measure` asserts by itself.
 */
export async function judgedByControl(t: TestContext, measure: () => Promise<Judgement>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const { faults, isControlGood, control } = await measure();
    t.diagnostic(`attempt ${attempt}: control ${control}${faults.map((fault) => `; ${fault}`).join("")}`);
    if (faults.length === 0) return;
    if (isControlGood || attempt === TRIES) assert.deepEqual(faults, [], `control: ${control}`);
  }
}

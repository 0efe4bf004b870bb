/** On which CPUs the calling thread may run. */
import type { Libc } from "./libc.js";
import { check } from "./syscall-error.js";

/** Room for 8,192 CPUs: the kernel refuses a mask smaller than its own. */
const MASK_BYTES = 1024;

/** The numbers of the CPUs that the calling thread may run on, rising. @throws SyscallError */
export function allowedCpus(libc: Libc): number[] {
  const mask = new Uint8Array(MASK_BYTES);
  check(libc.schedGetaffinity(MASK_BYTES, mask), "sched_getaffinity");
  const cpus: number[] = [];
  for (let cpu = 0; cpu < MASK_BYTES * 8; cpu++) {
    if (mask[cpu >> 3] & (1 << (cpu & 7))) cpus.push(cpu);
  }
  return cpus;
}

/** Keeps the calling thread on one CPU. @throws SyscallError when there is none of that number. */
export function pinThread(libc: Libc, cpu: number): void {
  const mask = new Uint8Array(MASK_BYTES);
  mask[cpu >> 3] = 1 << (cpu & 7);
  check(libc.schedSetaffinity(MASK_BYTES, mask), "sched_setaffinity", `CPU ${cpu}`);
}

/** For `node --import`: in every thread, the wall clock (Date) jumps a day forth and back ten times a second. */
const RealDate = Date;
const DAY_MS = 86_400_000;
const offsetMs = (): number => (Math.floor(performance.now() / 100) % 2 === 0 ? DAY_MS : -DAY_MS);

globalThis.Date = class extends RealDate {
  constructor(...args: unknown[]) {
    // biome-ignore lint/suspicious/noExplicitAny: whatever Date takes
    super(...((args.length === 0 ? [RealDate.now() + offsetMs()] : args) as [any]));
  }
  static override now(): number {
    return RealDate.now() + offsetMs();
  }
} as DateConstructor;

/** Lists of status codes and ranges of them, `200` or `200-399`, as `sip` and `http` probes expect them. */

/** Whether a status is in one of the ranges; the schema has checked their form. */
export function isInRanges(status: number, ranges: readonly string[]): boolean {
  return ranges.some((range) => {
    const [first, last = first] = range.split("-");
    return status >= Number(first) && status <= Number(last);
  });
}

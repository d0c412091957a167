// Intervals as PostgreSQL keeps them: months, days and microseconds, three numbers that do not convert into each other.
// A month is no number of days, and a day no number of hours: P1M and P30D differ, and so do P1D and PT24H.

export interface Duration {
  readonly months: bigint;
  readonly days: bigint;
  readonly us: bigint;
}

const pattern = /^P(?:(-?\d+)Y)?(?:(-?\d+)M)?(?:(-?\d+)W)?(?:(-?\d+)D)?(?:T(?:(-?\d+)H)?(?:(-?\d+)M)?(?:(-?)(\d+)(?:\.(\d{1,9}))?S)?)?$/;

/** ISO 8601 with a sign on each part, as PostgreSQL (`P-1Y-2M3DT-4H`) and the connector print it. */
export function parseIsoDuration(text: string): Duration | null {
  const match = pattern.exec(text);
  if (match === null) return null;
  const [, years = '0', months = '0', weeks = '0', days = '0', hours = '0', minutes = '0', sign, seconds = '0', fraction = ''] = match;
  const secondUs = BigInt(seconds) * 1_000_000n + BigInt(fraction.slice(0, 6).padEnd(6, '0'));
  return {
    months: BigInt(years) * 12n + BigInt(months),
    days: BigInt(weeks) * 7n + BigInt(days),
    us: (BigInt(hours) * 3600n + BigInt(minutes) * 60n) * 1_000_000n + (sign === '-' ? -secondUs : secondUs),
  };
}

/** `P14M3DT14706.789000S`: one spelling for each triple. */
export function durationText(duration: Duration): string {
  const us = duration.us < 0n ? -duration.us : duration.us;
  const sign = duration.us < 0n ? '-' : '';
  const fraction = (us % 1_000_000n).toString().padStart(6, '0');
  return `P${duration.months}M${duration.days}DT${sign}${us / 1_000_000n}.${fraction}S`;
}

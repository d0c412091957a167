// Dates and times as whole numbers: days and microseconds since 1970-01-01 in the proleptic Gregorian calendar, any
// year. JavaScript's Date has milliseconds and ends in the year 275760; PostgreSQL has microseconds and goes to 294276.

const microsPerSecond = 1_000_000n;
export const microsPerDay = 86_400n * microsPerSecond;

export interface DateTimeParts {
  readonly days: bigint;
  readonly timeUs: bigint;
  /** Offset of the zone in seconds; null when the text has none. */
  readonly offsetSeconds: bigint | null;
}

const dateTimePattern =
  /^([+-]?\d{4,9})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?(Z|[+-]\d\d(?::?\d\d(?::?\d\d)?)?)?( BC)?$/;
const timePattern = /^(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d(?::?\d\d(?::?\d\d)?)?)?$/;

/** ISO 8601 or PostgreSQL's own text (`0044-03-15 BC`); null when it is neither. */
export function parseDateTime(text: string): DateTimeParts | null {
  const match = dateTimePattern.exec(text);
  if (match === null) return null;
  const [, year = '', month = '', day = '', hour = '0', minute = '0', second = '0', fraction, zone, bc] = match;
  const astronomical = bc === undefined ? BigInt(year) : 1n - BigInt(year);
  return {
    days: daysOf(astronomical, BigInt(month), BigInt(day)),
    timeUs: timeOf(hour, minute, second, fraction),
    offsetSeconds: zone === undefined ? null : offsetOf(zone),
  };
}

export function parseTime(text: string): { readonly timeUs: bigint; readonly offsetSeconds: bigint | null } | null {
  const match = timePattern.exec(text);
  if (match === null) return null;
  const [, hour = '0', minute = '0', second = '0', fraction, zone] = match;
  return { timeUs: timeOf(hour, minute, second, fraction), offsetSeconds: zone === undefined ? null : offsetOf(zone) };
}

/** Microseconds since the epoch; a text without a zone is taken as UTC. */
export function epochUs(parts: DateTimeParts): bigint {
  return parts.days * microsPerDay + parts.timeUs - (parts.offsetSeconds ?? 0n) * microsPerSecond;
}

/** `2024-02-29`; years outside 0000–9999 carry a sign. */
export function dateText(days: bigint): string {
  const { year, month, day } = civilOf(days);
  const digits = (year < 0n ? -year : year).toString().padStart(4, '0');
  const sign = year < 0n ? '-' : year > 9999n ? '+' : '';
  return `${sign}${digits}-${twoDigits(month)}-${twoDigits(day)}`;
}

/** `12:34:56.123456`, always six digits; `24:00:00.000000` is a time PostgreSQL has. */
export function timeText(timeUs: bigint): string {
  const seconds = timeUs / microsPerSecond;
  const fraction = (timeUs % microsPerSecond).toString().padStart(6, '0');
  return `${twoDigits(seconds / 3600n)}:${twoDigits((seconds / 60n) % 60n)}:${twoDigits(seconds % 60n)}.${fraction}`;
}

/** `2024-02-29T12:34:56.123456`, without a zone. */
export function dateTimeText(us: bigint): string {
  const days = floorDivide(us, microsPerDay);
  return `${dateText(days)}T${timeText(us - days * microsPerDay)}`;
}

export function floorDivide(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  return value % divisor < 0n ? quotient - 1n : quotient;
}

function timeOf(hour: string, minute: string, second: string, fraction: string | undefined): bigint {
  const micros = BigInt((fraction ?? '').slice(0, 6).padEnd(6, '0'));
  return (BigInt(hour) * 3600n + BigInt(minute) * 60n + BigInt(second)) * microsPerSecond + micros;
}

function offsetOf(zone: string): bigint {
  if (zone === 'Z') return 0n;
  const [hours = '0', minutes = '0', seconds = '0'] = zone.slice(1).replaceAll(':', '').match(/\d\d/g) ?? [];
  const total = BigInt(hours) * 3600n + BigInt(minutes) * 60n + BigInt(seconds);
  return zone.startsWith('-') ? -total : total;
}

function twoDigits(value: bigint): string {
  return value.toString().padStart(2, '0');
}

// Civil calendar by 400-year eras that begin on 1 March, so that the leap day is the last of its year.
function daysOf(year: bigint, month: bigint, day: bigint): bigint {
  const shifted = month <= 2n ? year - 1n : year;
  const era = floorDivide(shifted, 400n);
  const yearOfEra = shifted - era * 400n;
  const dayOfYear = (153n * (month > 2n ? month - 3n : month + 9n) + 2n) / 5n + day - 1n;
  return era * 146_097n + yearOfEra * 365n + yearOfEra / 4n - yearOfEra / 100n + dayOfYear - 719_468n;
}

function civilOf(days: bigint): { readonly year: bigint; readonly month: bigint; readonly day: bigint } {
  const shifted = days + 719_468n;
  const era = floorDivide(shifted, 146_097n);
  const dayOfEra = shifted - era * 146_097n;
  const yearOfEra = (dayOfEra - dayOfEra / 1460n + dayOfEra / 36_524n - dayOfEra / 146_096n) / 365n;
  const dayOfYear = dayOfEra - (365n * yearOfEra + yearOfEra / 4n - yearOfEra / 100n);
  const shiftedMonth = (5n * dayOfYear + 2n) / 153n;
  const day = dayOfYear - (153n * shiftedMonth + 2n) / 5n + 1n;
  const month = shiftedMonth < 10n ? shiftedMonth + 3n : shiftedMonth - 9n;
  return { year: yearOfEra + era * 400n + (month <= 2n ? 1n : 0n), month, day };
}

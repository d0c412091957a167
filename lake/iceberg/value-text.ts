// Single values as text for people and JSON: what a bound in a manifest says. Moments are UTC with microseconds, decimals
// carry their scale, bytes are hexadecimal.

import type { SingleValue } from './value-bytes.ts';

export function valueText(type: string, value: SingleValue): string {
  if (value instanceof Uint8Array) return `0x${Buffer.from(value).toString('hex')}`;
  if (typeof value === 'string' || typeof value === 'boolean') return String(value);
  if (type === 'date') return dayText(Number(value));
  if (type === 'timestamp' || type === 'timestamptz') return momentText(BigInt(value), type === 'timestamptz');
  return decimalText(value, type);
}

/** The unscaled value with the type's scale; a whole or floating number as it is. */
export function decimalText(value: number | bigint, type: string): string {
  const scale = Number(/^decimal\(\d+, ?(\d+)\)$/.exec(type)?.[1] ?? 0);
  if (scale === 0) return String(value);
  const digits = String(value < 0 ? -BigInt(value) : BigInt(value)).padStart(scale + 1, '0');
  return `${value < 0 ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

function dayText(days: number): string {
  const date = new Date(days * 86_400_000);
  // Beyond what a Date can be: the number of days still tells.
  return Number.isNaN(date.getTime()) ? String(days) : date.toISOString().slice(0, date.toISOString().indexOf('T'));
}

function momentText(micros: bigint, isUtc: boolean): string {
  const below = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const date = new Date(Number((micros - below) / 1000n));
  if (Number.isNaN(date.getTime())) return String(micros);
  const fraction = below === 0n ? '' : `.${String(below).padStart(6, '0').replace(/0+$/, '')}`;
  return `${date.toISOString().slice(0, -5)}${fraction}${isUtc ? 'Z' : ''}`;
}

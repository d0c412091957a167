// Numbers, exactly: bounds and multiples of 64-bit integers and of decimals are compared as whole numbers of the last
// decimal place, those of doubles as IEEE values (bounds) or by their shortest text (multiples).

import { ceilAt, decimalText, exactDecimal, floorAt, unitsOfMultiple, type ExactDecimal } from './exact-decimal.ts';
import type { SqlBoolean } from './sql-boolean.ts';
import { decimalCell, type Cell } from './sql-cell.ts';
import { longMax, longMin } from './sql-equality.ts';
import { sqlDouble, sqlLong, sqlString } from './sql-text.ts';

export type Bound = 'minimum' | 'maximum' | 'exclusiveMinimum' | 'exclusiveMaximum';

const operators: Readonly<Record<Bound, string>> = { minimum: '>=', maximum: '<=', exclusiveMinimum: '>', exclusiveMaximum: '<' };

/** Of a number that is not null. */
export function isWithin(cell: Cell, keyword: Bound, bound: number): SqlBoolean {
  if (cell.wire.kind === 'double') return `(${cell.sql} ${operators[keyword]} ${sqlDouble(bound)})`;
  const decimal = decimalCell(cell);
  const scale = decimal?.scale ?? 0;
  const smallest = decimal ? 1n - 10n ** BigInt(decimal.precision) : longMin;
  const largest = decimal ? 10n ** BigInt(decimal.precision) - 1n : longMax;
  const units = unitBound(keyword, exactDecimal(bound), scale);
  const isLower = keyword === 'minimum' || keyword === 'exclusiveMinimum';
  if (units < smallest) return isLower;
  if (units > largest) return !isLower;
  const constant = decimal ? `${sqlString(decimalText(units, scale))}::DECIMAL(${decimal.precision},${scale})` : sqlLong(units);
  const compared = `${decimal?.sql ?? cell.sql} ${isLower ? '>=' : '<='} ${constant}`;
  return decimal ? `coalesce(${compared}, true)` : `(${compared})`;
}

/** The smallest, or largest, whole number of units that is within. */
function unitBound(keyword: Bound, bound: ExactDecimal, scale: number): bigint {
  switch (keyword) {
    case 'minimum':
      return ceilAt(bound, scale);
    case 'exclusiveMinimum':
      return floorAt(bound, scale) + 1n;
    case 'maximum':
      return floorAt(bound, scale);
    case 'exclusiveMaximum':
      return ceilAt(bound, scale) - 1n;
  }
}

export interface Multiple {
  readonly holds: SqlBoolean;
  /** False where only the validator can tell. */
  readonly isKnown: SqlBoolean;
}

// The shortest text of a double has at most 17 digits: between these, all of them are within 19 decimals and 38 digits.
const doubleMin = '0.01';
const doubleMax = '1e15';

/** Of a number that is not null. */
export function isMultiple(cell: Cell, divisor: number): Multiple {
  const decimal = decimalCell(cell);
  if (decimal) return { holds: multipleOfUnits(decimal.sql, decimal.precision, decimal.scale, exactDecimal(divisor)), isKnown: true };
  if (cell.wire.kind === 'long') {
    const units = unitsOfMultiple(exactDecimal(divisor), 0);
    return {
      holds: units > longMax ? `(${cell.sql} = 0)` : `(${cell.sql} % ${sqlLong(units)} = 0)`,
      isKnown: true,
    };
  }
  const text = `TRY_CAST(${cell.sql}::VARCHAR AS DECIMAL(38,19))`;
  const isKnown = `coalesce(${cell.sql} = 0 OR (abs(${cell.sql}) >= ${doubleMin} AND abs(${cell.sql}) < ${doubleMax}), true)`;
  return { holds: multipleOfUnits(text, 38, 19, exactDecimal(divisor)), isKnown };
}

function multipleOfUnits(decimal: string, precision: number, scale: number, divisor: ExactDecimal): SqlBoolean {
  const units = unitsOfMultiple(divisor, scale);
  if (units >= 10n ** BigInt(precision)) return `(coalesce(${decimal}, 0) = 0)`;
  return `(coalesce(${decimal} % ${sqlString(decimalText(units, scale))}::DECIMAL(${precision},${scale}), 0) = 0)`;
}

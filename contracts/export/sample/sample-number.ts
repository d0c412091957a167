// A number within bounds, counted in whole steps: of `multipleOf` where there is one, of the type's last decimal place
// otherwise, so that no figure has digits that the column cannot hold.

import { randomInt, type Random } from '../../../runtime/random.ts';
import type { JsonObject } from '../../json-schema.ts';
import type { PhysicalType } from '../../physical-type.ts';

/** Null when no number fits. */
export function sampleNumber(schema: JsonObject, isInteger: boolean, type: PhysicalType | null, random: Random): number | null {
  const step = stepOf(schema, isInteger, type);
  const [typeLeast, typeMost] = typeBounds(isInteger, type);
  const figure = (keyword: string): number | null => (typeof schema[keyword] === 'number' ? schema[keyword] : null);
  const least = Math.max(typeLeast, figure('minimum') ?? -Infinity, figure('exclusiveMinimum') ?? -Infinity);
  const most = Math.min(typeMost, figure('maximum') ?? Infinity, figure('exclusiveMaximum') ?? Infinity);
  let from = Math.ceil(least / step - 1e-9);
  let to = Math.floor(most / step + 1e-9);
  if (from * step === figure('exclusiveMinimum') || decimal(from, step) === figure('exclusiveMinimum')) from++;
  if (to * step === figure('exclusiveMaximum') || decimal(to, step) === figure('exclusiveMaximum')) to--;
  if (from > to) return null;
  // Without bounds on both sides, stay near the side that is there, or near zero.
  const wide = 1_000_000;
  const low = hasLeast(schema) ? from : Math.max(from, Math.min(0, to - wide));
  const high = Math.min(to, Math.max(low, 0) + wide);
  return decimal(low + randomInt(random, Math.max(high - low, 0) + 1), step);
}

function hasLeast(schema: JsonObject): boolean {
  return typeof schema['minimum'] === 'number' || typeof schema['exclusiveMinimum'] === 'number';
}

function stepOf(schema: JsonObject, isInteger: boolean, type: PhysicalType | null): number {
  const multiple = schema['multipleOf'];
  if (typeof multiple === 'number' && multiple > 0) return isInteger && !Number.isInteger(multiple) ? wholeMultiple(multiple) : multiple;
  if (isInteger) return 1;
  return type?.kind === 'decimal' && type.scale !== null ? 10 ** -Math.max(0, Math.min(type.scale, 9)) : 0.01;
}

/** The least whole number that is a multiple of 0.5, 1.5, 0.04 …; the step itself when none is near. */
function wholeMultiple(step: number): number {
  for (let times = 1; times <= 10_000; times++) if (Number.isInteger(decimal(times, step))) return decimal(times, step);
  return step;
}

function typeBounds(isInteger: boolean, type: PhysicalType | null): readonly [number, number] {
  switch (type?.kind) {
    case 'int16':
      return type.declared.toLowerCase() === 'tinyint' ? [-128, 127] : [-32_768, 32_767];
    case 'int32':
      return [-2_147_483_648, 2_147_483_647];
    case 'decimal': {
      if (type.precision === null) break;
      const whole = 10 ** Math.min(type.precision - (type.scale ?? 0), 9);
      return [-whole + 1, whole - 1];
    }
    default:
  }
  // Beyond, JSON's readers round.
  return isInteger ? [-9_007_199_254_740_991, 9_007_199_254_740_991] : [-1e12, 1e12];
}

/** count × step without the error of binary fractions: 3 × 0.1 is 0.3. */
function decimal(count: number, step: number): number {
  const places = Math.min(20, /\.(\d+)/.exec(step.toFixed(12).replace(/0+$/, ''))?.[1]?.length ?? 0);
  return Number((count * step).toFixed(places));
}

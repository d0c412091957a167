// Numbers worth trying: at the bounds, just inside and outside them, on the steps and beside them.

import { randomInt, type Random } from '../../runtime/random.ts';
import type { Facts } from './facts.ts';
import { hasKind, kinds } from './kinds.ts';

export function sampleNumbers(facts: Facts, random: Random | null): readonly number[] {
  const { low, high } = facts;
  const near = [low, high].filter((bound) => Number.isFinite(bound));
  const found = near.flatMap((bound) => [bound, bound + 1, bound - 1, bound + 0.5, bound - 0.5, Math.ceil(bound), Math.floor(bound)]);
  if (near.length === 2) found.push((low + high) / 2);
  const bases = [...found, 0, 1, -1, 0.5, 12, 100.25];
  for (const step of facts.multiples)
    for (const base of bases) found.push(onStep(base, step, 0), onStep(base, step, 1), onStep(base, step, -1));
  for (const step of facts.notMultiples) {
    const halves = bases.flatMap((base) => [onStep(base, step, 0) + step / 2, onStep(base, step, 0) + step / 3]);
    found.push(
      ...bases,
      ...halves,
      ...facts.multiples.flatMap((other) => [other, other * 3, other * 7].map((value) => onStep(value, other, 0))),
    );
  }
  found.push(0, 1, -1, 0.5, 1.5, 2 ** 31, -(2 ** 31) - 1, 2 ** 53);
  if (random !== null) {
    const from = Number.isFinite(low) ? low : Math.min(-1000, high - 1000);
    const to = Number.isFinite(high) ? high : Math.max(1000, low + 1000);
    const drawn = from + random.next() * (to - from);
    found.push(drawn, Math.round(drawn), Math.round(drawn * 100) / 100, randomInt(random, 1000));
    for (const step of facts.multiples) found.push(onStep(drawn, step, 0));
  }
  if (!hasKind(facts.kinds, kinds.fraction)) found.push(...found.map(Math.trunc));
  return [...new Set(found.filter(Number.isFinite).map((value) => (value === 0 ? 0 : value)))];
}

/** The multiple of the step nearest below the base, and so many steps on; in decimals. */
function onStep(base: number, step: number, more: number): number {
  const count = Math.floor(base / step) + more;
  const digits = /\.(\d+)$/.exec(String(step))?.[1]?.length ?? 0;
  return Number((count * step).toFixed(Math.min(digits, 100)));
}

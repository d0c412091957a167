// Durations as files write them: `500ms`, `90s`, `10m`, `1h`, `7d`.

const units: readonly (readonly [name: string, ms: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
];

export const durationPattern = '[0-9]{1,13}(?:ms|s|m|h|d)';

/** Milliseconds; null for what is no duration, or none that a number holds exactly. */
export function durationMs(text: string): number | null {
  const [, amount, unit] = /^([0-9]{1,13})(ms|s|m|h|d)$/.exec(text) ?? [];
  const factor = units.find(([name]) => name === unit)?.[1];
  if (amount === undefined || factor === undefined) return null;
  const ms = Number(amount) * factor;
  return Number.isSafeInteger(ms) ? ms : null;
}

/** In the largest unit that says it exactly. */
export function durationText(ms: number): string {
  const [name, factor] = units.find(([, each]) => ms >= each && ms % each === 0) ?? ['ms', 1];
  return `${ms / factor}${name}`;
}

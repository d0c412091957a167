// When a check is due, as files write it: `commit`, `commit, at most every 5m`, `every 15m`, `0 3 * * *`, `command`.

import type { When } from '../check.ts';
import { readCron } from '../schedule/cron.ts';
import { durationMs, durationText } from './duration-text.ts';

export const whenForms = 'commit; commit, at most every 5m; every 15m; a cron expression in UTC such as 0 3 * * *; command';

export type WhenReading =
  | { readonly kind: 'when'; readonly when: When }
  | { readonly kind: 'refused'; readonly message: string; readonly mend: string };

export function readWhen(text: string): WhenReading {
  if (text === 'command') return { kind: 'when', when: { kind: 'command' } };
  if (text === 'commit') return { kind: 'when', when: { kind: 'commit', atMostEveryMs: 0 } };
  const [, pause] = /^commit, at most every ([0-9a-z]+)$/.exec(text) ?? [];
  if (pause !== undefined) {
    const atMostEveryMs = durationMs(pause);
    if (atMostEveryMs !== null) return { kind: 'when', when: { kind: 'commit', atMostEveryMs } };
    return { kind: 'refused', message: `${JSON.stringify(pause)} is no duration`, mend: 'Write it like commit, at most every 5m.' };
  }
  const [, step] = /^every ([0-9a-z]+)$/.exec(text) ?? [];
  const expression = step === undefined ? text : cronEvery(step);
  if (expression === null)
    return {
      kind: 'refused',
      message: `a clock cannot strike every ${step}`,
      mend: 'Write a part of an hour or a day: every 5m, every 6h, every 1d.',
    };
  const cron = readCron(expression);
  if (cron.kind === 'cron') return { kind: 'when', when: { kind: 'cron', expression } };
  return { kind: 'refused', message: cron.message, mend: `Write one of: ${whenForms}.` };
}

export function whenText(when: When): string {
  if (when.kind === 'cron') return when.expression;
  if (when.kind === 'command') return 'command';
  return when.atMostEveryMs === 0 ? 'commit' : `commit, at most every ${durationText(when.atMostEveryMs)}`;
}

/** Null where the steps would not be even. */
function cronEvery(step: string): string | null {
  const minutes = (durationMs(step) ?? Number.NaN) / 60_000;
  if (minutes === 1) return '* * * * *';
  if (minutes === 60) return '0 * * * *';
  if (minutes === 1440) return '0 0 * * *';
  if (minutes > 1 && minutes < 60 && 60 % minutes === 0) return `*/${minutes} * * * *`;
  const hours = minutes / 60;
  return hours > 1 && hours < 24 && 24 % hours === 0 ? `0 */${hours} * * *` : null;
}

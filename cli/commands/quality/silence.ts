// `foz quality silence PATTERN --for 2h`: nobody is told about these checks for a time.

import { durationMs } from '../../../quality/declare/duration-text.ts';
import { LakeError } from '../../../runtime/errors.ts';
import type { Command, CommandCall } from '../../command.ts';

const dayMs = 86_400_000;
const longestMs = 365 * dayMs;

export const silence: Command = {
  description:
    'Silence alerts of checks for a time, or end a silence. Checks still run; what fires is shown by foz quality alerts, and is told when the silence ends and it still fires.',
  arguments: [{ name: '[pattern]', doc: 'id of a check, * for any text: rides.*' }],
  options: [
    { flags: '--for <duration>', doc: 'how long: 30m, 2h, 7d', default: '1h', parse: duration },
    { flags: '--reason <text>', doc: 'why, for others' },
    { flags: '--end <id>', doc: 'end the silence of this id' },
  ],
  examples: [
    ["foz quality silence 'rides.*' --for 2h --reason 'backfill'", 'nobody is told about rides for two hours'],
    ['foz quality silence --end 1a2b3c4d', 'end it now'],
  ],
  run: async (call) => {
    const [{ openQualityStore }, { addSilence, endSilence }] = await Promise.all([
      import('../../wire.ts'),
      import('../../../quality/alert/silence.ts'),
    ]);
    const { pattern, end, forMs, reason } = asked(call);
    await using opened = await openQualityStore(call.loadConfig());
    if (end !== null) {
      const isEnded = await endSilence(opened.quality, end);
      call.print({ ended: isEnded, id: end }, () =>
        isEnded ? `silence ${end} is over` : `there is no silence ${end}: foz quality alerts lists them`,
      );
      return isEnded ? 0 : 1;
    }
    const now = Date.now();
    const made = await addSilence(opened.quality, { pattern, until: now + forMs, reason, createdAt: now });
    call.print({ ...made, until: new Date(made.until).toISOString() }, () =>
      [`${made.pattern} is silenced until ${new Date(made.until).toISOString()}`, `end it: foz quality silence --end ${made.id}`].join(
        '\n',
      ),
    );
    return 0;
  },
};

interface Asked {
  readonly pattern: string;
  readonly end: string | null;
  readonly forMs: number;
  readonly reason: string | null;
}

function asked({ args, options }: CommandCall): Asked {
  const [pattern] = args;
  const { end, for: forMs, reason } = options;
  if ((typeof pattern === 'string') === (typeof end === 'string'))
    throw new LakeError('CONFIG_INVALID', 'say which checks to silence, or which silence to end', {
      context: {
        expected: 'a pattern, or --end ID',
        found: typeof end === 'string' ? 'both' : 'neither',
        next: 'foz quality silence --help',
      },
    });
  if (typeof pattern === 'string' && pattern.length > 200)
    throw new LakeError('CONFIG_INVALID', 'the pattern is too long', {
      context: { expected: 'at most 200 characters', found: String(pattern.length) },
    });
  return {
    pattern: typeof pattern === 'string' ? pattern : '',
    end: typeof end === 'string' ? end : null,
    forMs: typeof forMs === 'number' ? forMs : 3_600_000,
    reason: typeof reason === 'string' ? reason.slice(0, 500) : null,
  };
}

function duration(text: string): number {
  const ms = durationMs(text);
  if (ms === null || ms === 0 || ms > longestMs) throw new RangeError('expected a duration such as 30m, 2h or 7d, at most 365d');
  return ms;
}

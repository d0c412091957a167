// `foz quality alerts`: what fires, who was told, what could not be delivered, what is silenced.

import type { Board } from '../../../quality/alert/alert.ts';
import type { Command } from '../../command.ts';

export const alerts: Command = {
  description:
    'Print the alerts that fire now, who was told, deliveries that wait or were given up, and silences. Exit 1 while an alert of severity error fires.',
  examples: [
    ['foz quality alerts', 'what fires'],
    ["foz quality alerts --json | jq '.alerts[].check'", 'for scripts'],
  ],
  run: async (call) => {
    const loaded = call.loadConfig();
    const [{ openQualityStore }, { listBoards }, { isSilencedBy, listSilences }, { tableText }] = await Promise.all([
      import('../../wire.ts'),
      import('../../../quality/alert/board-store.ts'),
      import('../../../quality/alert/silence.ts'),
      import('../../output.ts'),
    ]);
    await using opened = await openQualityStore(loaded);
    const now = Date.now();
    const silences = await listSilences(opened.quality, now);
    const isSilenced = isSilencedBy(silences, now);
    const boards = [...(await listBoards(opened.quality)).values()];
    const firing = boards.flatMap((board) => firingOf(board, isSilenced));
    const waiting = boards.flatMap(({ deliveries }) =>
      deliveries.map(({ receiver, attempts, nextAt, problem, changes }) => ({
        receiver,
        attempts,
        nextAt: timeText(nextAt),
        problem,
        changes: changes.length,
      })),
    );
    const failed = boards.flatMap((board) => board.failed.map((one) => ({ ...one, at: timeText(one.at) })));
    const held = silences.map((silence) => ({ ...silence, until: timeText(silence.until), createdAt: timeText(silence.createdAt) }));
    call.print({ alerts: firing, waiting, failed, silences: held }, () =>
      [
        firing.length === 0
          ? 'nothing fires'
          : tableText(
              ['alert', 'severity', 'since', 'found', 'expected', 'told'],
              firing.map(({ check, severity, since, found, expected, told }) => [check, severity, since, found ?? '–', expected, told]),
            ),
        ...waiting.map(
          ({ receiver, attempts, problem, changes }) =>
            `waiting: ${changes} changes for ${receiver}, ${attempts} tries${problem === null ? '' : `: ${problem}`}`,
        ),
        ...failed.map(({ receiver, checkIds, at, problem }) => `given up ${at}: ${checkIds.join(', ')} for ${receiver}: ${problem}`),
        ...held.map(
          ({ id, pattern, until, reason }) => `silenced: ${pattern} until ${until} (${id})${reason === null ? '' : `: ${reason}`}`,
        ),
      ].join('\n'),
    );
    return firing.some(({ severity, isSilenced: isHeld }) => severity === 'error' && !isHeld) ? 1 : 0;
  },
};

function firingOf({ alerts: all }: Board, isSilenced: (checkId: string) => boolean) {
  return Object.entries(all)
    .filter(([, { level }]) => level !== 'ok')
    .map(([check, { level, since, told, facts }]) => ({
      check,
      level,
      severity: facts.severity,
      since: timeText(since),
      found: facts.found,
      expected: facts.expected,
      told: isSilenced(check) ? 'silenced' : told.length === 0 ? 'nobody' : told.join(', '),
      isSilenced: isSilenced(check),
      query: facts.query,
    }));
}

function timeText(at: number): string {
  return new Date(at).toISOString();
}

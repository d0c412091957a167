// `foz audit`: who changed what in the catalog, from what to what.

import type { AuditView } from '../../catalog/audit/audit-service.ts';
import { isRecord } from '../../runtime/options.ts';
import type { Command } from '../command.ts';
import { countOption } from '../facts/asked.ts';
import { momentText } from '../figures.ts';
import { jsonText, tableText } from '../output.ts';
import { momentOf } from '../facts/moment.ts';

const entriesMax = 1000;

export const audit: Command = {
  description:
    'Show the audit log: who changed which table, view, namespace, contract, entity or token, when, from what to what. Newest first. Entries are never changed; only those of plain data commits are forgotten after a time, which the log says.',
  arguments: [{ name: '[subject]', doc: 'a name, with everything in it: raw, raw.users, a contract’s id' }],
  options: [
    { flags: '--by <actor>', doc: 'only what this token, login or user did' },
    { flags: '--action <action>', doc: 'only this, or this kind: table.drop, table' },
    { flags: '--since <time>', doc: 'a time as 2026-11-21T10:00:00Z, or a span back from now as 24h or 7d', parse: momentOf },
    { flags: '--until <time>', doc: 'as well; not within', parse: momentOf },
    { flags: '--data', doc: 'plain data commits as well' },
    { flags: '--limit <n>', doc: 'how many are shown', default: 50, parse: countOption(entriesMax) },
  ],
  examples: [
    ['foz audit', 'the newest changes, without plain data commits'],
    ['foz audit raw.users --since 7d', 'what happened to a table'],
    ['foz audit --action token --json', 'who was let in, for other programs'],
  ],
  run: async (call) => {
    const { asked, textOption } = await import('../facts/asked.ts');
    const [subject] = call.args;
    const { since, until } = call.options;
    const filter = {
      subject: typeof subject === 'string' ? subject : null,
      actor: textOption(call, 'by'),
      action: textOption(call, 'action'),
      from: typeof since === 'number' ? since : null,
      until: typeof until === 'number' ? until : null,
      isDataLeftOut: call.options['data'] !== true && textOption(call, 'action') !== 'table.commit',
    };
    const entries = await asked(call, 'foz audit', (facts) => facts.audit(filter, Number(call.options['limit']), call.signal));
    call.print({ entries }, () => (entries.length === 0 ? 'nothing was changed' : entriesText(entries)));
    return 0;
  },
};

function entriesText(entries: readonly AuditView[]): string {
  const rows = entries.map(({ at, actor, action, subject, before, after }) => [
    momentText(at),
    actor,
    action,
    subject,
    changeText(before, after),
  ]);
  return tableText(['when', 'who', 'action', 'what', 'change'], rows);
}

/** Each member that differs, as `owner: ∅ → ana`. */
function changeText(before: unknown, after: unknown): string {
  const [from, to] = [isRecord(before) ? before : {}, isRecord(after) ? after : {}];
  const names = [...new Set([...Object.keys(from), ...Object.keys(to)])];
  const changed = names.filter((name) => textOf(from[name]) !== textOf(to[name]));
  if (before === null || after === null) return changed.map((name) => `${name}: ${textOf(from[name] ?? to[name])}`).join('; ');
  return changed.map((name) => `${name}: ${textOf(from[name])} → ${textOf(to[name])}`).join('; ');
}

function textOf(value: unknown): string {
  const isNothing = value === undefined || value === null || (typeof value === 'object' && Object.keys(value).length === 0);
  if (isNothing) return '∅';
  return typeof value === 'string' ? value : jsonText(value);
}

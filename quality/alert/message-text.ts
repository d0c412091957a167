// What a receiver reads: a subject, and a few lines a change.

import type { AlertChange, AlertMessage } from './alert.ts';

/** Changes written out; the others are counted. */
const shownMax = 20;

export interface TextOptions {
  /** `https://…/{check}`; null: none. */
  readonly link: string | null;
}

/** `FIRING rides.null-values-fare (error)`, `2 firing, 1 resolved: rides`. */
export function subjectText({ table, changes }: AlertMessage): string {
  const [first] = changes;
  if (changes.length === 1 && first !== undefined) return headText(first);
  const firing = changes.filter(({ state }) => state === 'firing').length;
  const resolved = changes.length - firing;
  const parts = [...(firing > 0 ? [`${firing} firing`] : []), ...(resolved > 0 ? [`${resolved} resolved`] : [])];
  return `${parts.join(', ')}: ${table}`;
}

export function headText({ state, checkId, severity, level }: AlertChange): string {
  const how = state === 'resolved' ? '' : ` (${level === 'error' ? 'could not be measured' : severity})`;
  return `${state.toUpperCase()} ${checkId}${how}`;
}

export function messageText(message: AlertMessage, options: TextOptions): string {
  const { changes, omitted } = message;
  const shown = changes.slice(-shownMax);
  const left = omitted + changes.length - shown.length;
  const before = left === 0 ? [] : [`${left} earlier changes: foz quality history CHECK`];
  return [
    ...before,
    ...shown.map((change) => [headText(change), ...detailLines(change, options).map((line) => `  ${line}`)].join('\n')),
  ].join('\n\n');
}

export function detailLines(change: AlertChange, { link }: TextOptions): readonly string[] {
  const { title, found, expected, state, since, at, owner, declaredIn, snapshotId, query, checkId, level } = change;
  const isFiring = state === 'firing';
  const lines = [
    title,
    ...(found === null ? [] : [`found:    ${found}`]),
    `expected: ${expected}`,
    `${isFiring ? 'since' : 'at'}:    ${isFiring ? '' : '   '}${new Date(isFiring ? since : at).toISOString()}`,
    ...(snapshotId === null ? [] : [`snapshot: ${snapshotId}`]),
    ...(owner === null ? [] : [`owner:    ${owner}`]),
    `declared: ${declaredIn}`,
    `more:     ${linkOf(checkId, link) ?? `foz quality show ${checkId}`}`,
    ...(isFiring && level !== 'error' && query !== null ? [`rows:     foz query ${shellText(query)}`] : []),
  ];
  return lines;
}

export function linkOf(checkId: string, link: string | null): string | null {
  return link === null ? null : link.replaceAll('{check}', encodeURIComponent(checkId));
}

/** As one argument of a shell, whatever is in it. */
export function shellText(sql: string): string {
  return `'${sql.replaceAll("'", String.raw`'\''`)}'`;
}

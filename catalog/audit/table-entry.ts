// What a change of a table is in the audit log, told from its metadata before and after: rows alone (the entries that come by
// the thousand), or anything else, with what differs. Small on purpose: the metadata files say the rest.

import { columnChanges } from '../../lake/iceberg/schema-changes.ts';
import { currentSchema, mainSnapshot, sameLong, snapshotById, type Snapshot, type TableMetadata } from '../../lake/iceberg/metadata.ts';
import type { EpochMs } from '../../runtime/clock.ts';
import { identText, type TableIdent } from '../catalog.ts';
import type { AuditAction, AuditEntry } from '../store/change-record.ts';

/** Told of one entry; what is beyond is counted. */
const changesToldMax = 50;
const textLengthMax = 200;

/** Of the offset chain, the shapes and the like: they change with the rows. */
const isOwnProperty = (name: string): boolean => name.startsWith('foz.');
/** Set and removed by expiry, every hour. */
const isHourTag = (name: string): boolean => name.startsWith('hour-');
const secretName = /pass(word|phrase)?|secret|token|credential|private.?key|api.?key|access.?key/i;

/** `action`: where the caller knows better than the metadata does, as of `table.register` or `table.drop`. */
export function tableEntry(
  actor: string,
  at: EpochMs,
  ident: TableIdent,
  before: TableMetadata | null,
  after: TableMetadata | null,
  action?: AuditAction,
): AuditEntry {
  const subject = identText(ident);
  if (before === null || after === null) {
    const implied = before === null ? 'table.create' : 'table.drop';
    return { at, actor, action: action ?? implied, subject, before: before && tableFacts(before), after: after && tableFacts(after) };
  }
  const differences = differencesOf(before, after);
  if (action === undefined && Object.keys(differences).length === 0)
    return { at, actor, action: rowsAction(before, after), subject, before: headFacts(before), after: headFacts(after) };
  const [from, to] = sides(differences);
  return {
    at,
    actor,
    action: action ?? 'table.alter',
    subject,
    before: { ...headFacts(before), ...from },
    after: { ...headFacts(after), ...to },
  };
}

function tableFacts(metadata: TableMetadata) {
  const { location, 'table-uuid': uuid, 'format-version': format } = metadata;
  return { uuid, location, 'format-version': format, 'schema-id': metadata['current-schema-id'], ...headFacts(metadata) };
}

function headFacts(metadata: TableMetadata) {
  const head = mainSnapshot(metadata);
  if (!head) return { snapshot: null };
  const { operation, 'total-records': records } = head.summary;
  return { snapshot: String(head['snapshot-id']), operation: operation ?? null, records: records === undefined ? null : Number(records) };
}

function rowsAction(before: TableMetadata, after: TableMetadata): AuditAction {
  const [from, to] = [mainSnapshot(before), mainSnapshot(after)];
  if (!from || (to && sameLong(from['snapshot-id'], to['snapshot-id']))) return 'table.commit';
  // Forward: what main was is behind what it is.
  for (let step: Snapshot | undefined = to; step;) {
    if (sameLong(step['snapshot-id'], from['snapshot-id'])) return 'table.commit';
    const parent: Snapshot['parent-snapshot-id'] = step['parent-snapshot-id'];
    step = parent === undefined || parent === null ? undefined : (snapshotById(after, parent) ?? snapshotById(before, parent));
  }
  return 'table.rollback';
}

type Difference = readonly [before: unknown, after: unknown];

/** By what differs; without what changes with the rows. */
function differencesOf(before: TableMetadata, after: TableMetadata): Readonly<Record<string, Difference>> {
  const plain = ['format-version', 'location', 'current-schema-id', 'default-spec-id', 'default-sort-order-id'].flatMap((name) =>
    before[name] === after[name] ? [] : [[name, [before[name], after[name]]] as const],
  );
  const columns = columnsChanged(before, after);
  const properties = before.properties === after.properties ? null : changedTexts(propertiesOf(before), propertiesOf(after), propertyText);
  const refs = before.refs === after.refs ? null : changedTexts(refsOf(before), refsOf(after), (_name, text) => text);
  return {
    ...Object.fromEntries(plain),
    ...(columns.length === 0 ? {} : { columns: [null, columns] }),
    ...(properties === null ? {} : { properties }),
    ...(refs === null ? {} : { refs }),
  };
}

function columnsChanged(before: TableMetadata, after: TableMetadata): readonly string[] {
  if (before['current-schema-id'] === after['current-schema-id']) return [];
  const changes = columnChanges(currentSchema(before), currentSchema(after)).map(({ kind, column, from, to }) =>
    from === null && to === null ? `${kind} ${column}` : `${kind} ${column}: ${cut(from ?? '∅')} → ${cut(to ?? '∅')}`,
  );
  const more = changes.length - changesToldMax;
  return more > 0 ? [...changes.slice(0, changesToldMax), `and ${more} more`] : changes;
}

type Texts = Readonly<Record<string, string>>;

function changedTexts(before: Texts, after: Texts, toldOf: (name: string, text: string) => string): Difference | null {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted();
  const changed = names.filter((name) => textIn(before, name) !== textIn(after, name)).slice(0, changesToldMax);
  if (changed.length === 0) return null;
  const told = (side: Texts) =>
    Object.fromEntries(
      changed.map((name) => {
        const text = textIn(side, name);
        return [name, text === null ? null : toldOf(name, text)];
      }),
    );
  return [told(before), told(after)];
}

function textIn(texts: Texts, name: string): string | null {
  return Object.hasOwn(texts, name) ? (texts[name] ?? null) : null;
}

function propertiesOf({ properties }: TableMetadata): Texts {
  return Object.fromEntries(Object.entries(properties).filter(([name]) => !isOwnProperty(name)));
}

function refsOf({ refs }: TableMetadata): Texts {
  const told = Object.entries(refs).filter(([name]) => name !== 'main' && !isHourTag(name));
  return Object.fromEntries(told.map(([name, { type, 'snapshot-id': id }]) => [name, `${type} ${id}`]));
}

function propertyText(name: string, value: string): string {
  return secretName.test(name) ? '[redacted]' : cut(value);
}

function sides(differences: Readonly<Record<string, Difference>>) {
  const entries = Object.entries(differences);
  return [
    Object.fromEntries(entries.flatMap(([name, [from]]) => (from === null ? [] : [[name, from]]))),
    Object.fromEntries(entries.flatMap(([name, [, to]]) => (to === null ? [] : [[name, to]]))),
  ] as const;
}

function cut(text: string): string {
  return text.length > textLengthMax ? `${text.slice(0, textLengthMax)}…` : text;
}

// Which columns hold personal data, as suggestions for a person to accept: what the name says, and what sampled values
// look like, counted. A suggestion never carries a value. Confidence is what the counts support: five of five e-mail
// addresses are less sure than a thousand of a thousand (the lower bound of Wilson's interval), and a name that the
// values contradict counts for little.

import type { SourceColumn, SourceTable, SourceType } from '../../sources/source.ts';
import { piiOfName } from './pii-names.ts';
import { piiOfValue, type PiiValueKind } from './pii-values.ts';

export interface PiiSuggestion {
  readonly column: string;
  readonly pii: string;
  readonly classification: 'confidential' | 'restricted';
  /** From 0 to 1. */
  readonly confidence: number;
  /** Values that look like it, of those looked at that are not null. */
  readonly matched: number;
  readonly sampled: number;
  /** For people: `the name; 98 of 100 values look like one`. */
  readonly because: string;
}

export interface PiiSample {
  /** Canonical text of each row's value by column; null is SQL null. */
  readonly rows: readonly (readonly (string | null)[])[];
  /** Columns in the rows' order. */
  readonly columns: readonly string[];
}

const confidenceMin = 0.2;
const cardShareMin = 0.3;

/** Strongest first. */
export function suggestPii(table: SourceTable, sample: PiiSample): readonly PiiSuggestion[] {
  const found = table.columns.flatMap((column) => {
    const place = sample.columns.indexOf(column.name);
    const values = place < 0 ? [] : sample.rows.flatMap((row) => row[place] ?? []);
    return suggestionOf(column, values) ?? [];
  });
  return found.toSorted((a, b) => b.confidence - a.confidence || (a.column < b.column ? -1 : 1));
}

function suggestionOf(column: SourceColumn, values: readonly string[]): PiiSuggestion | null {
  const name = canHold(column.type) ? piiOfName(column.name) : null;
  const seen = valuesKind(column.type, values, name?.pii ?? null);
  const sampled = values.length;
  // inet is an address whatever it is called.
  if (column.type.name === 'inet') return suggestion(column.name, 'ip', 0.9, sampled, sampled, 'the type');
  if (seen === null) {
    if (name === null) return null;
    // Values have a form that the name promises, and none has it: the name probably means something else.
    const isContradicted = checkedByValue.has(name.pii) && sampled >= 5;
    const confidence = isContradicted ? name.weight * (1 - wilson(sampled, sampled)) : name.weight;
    const told = isContradicted ? `the name, but none of ${sampled} values looks like one` : 'the name';
    return confidence < confidenceMin ? null : suggestion(column.name, name.pii, confidence, 0, sampled, told);
  }
  const byValues = wilson(seen.matched, sampled) * seen.worth;
  const agrees = name !== null && (name.pii === seen.kind || name.pii === 'free-text');
  const confidence = agrees && name ? 1 - (1 - byValues) * (1 - name.weight) : byValues;
  const said = `${seen.matched} of ${sampled} values ${seen.isWhole ? 'look like one' : 'contain one'}`;
  if (confidence < confidenceMin) return null;
  return suggestion(column.name, seen.kind, confidence, seen.matched, sampled, agrees ? `the name; ${said}` : said);
}

function suggestion(column: string, pii: string, confidence: number, matched: number, sampled: number, because: string): PiiSuggestion {
  const rounded = Math.round(confidence * 100) / 100;
  return {
    column,
    pii,
    classification: restricted.has(pii) ? 'restricted' : 'confidential',
    confidence: rounded,
    matched,
    sampled,
    because,
  };
}

const restricted: ReadonlySet<string> = new Set(['card', 'iban', 'bank-account', 'national-id', 'driving-licence', 'secret', 'special']);
const checkedByValue: ReadonlySet<string> = new Set(['email', 'iban', 'card', 'ip', 'phone']);

/** A yes or no, or a float, identifies nobody. */
function canHold(type: SourceType): boolean {
  return !['bool', 'boolean', 'float4', 'float8', 'float', 'double', 'numeric', 'decimal', 'timestamptz', 'interval'].includes(type.name);
}

interface Seen {
  readonly kind: PiiValueKind;
  readonly matched: number;
  readonly isWhole: boolean;
  /** How much a full match is worth. */
  readonly worth: number;
}

const textual = /^(text|varchar|bpchar|char|citext|ascii|name|json|jsonb|int8|numeric|bigint|varint|array|list|set|map|udt)$/;

/** The kind that most values have; weak forms count only where the name says the same. */
function valuesKind(type: SourceType, values: readonly string[], named: string | null): Seen | null {
  if (!textual.test(type.name) || values.length === 0) return null;
  const isNumber = /^(int8|numeric|bigint|varint)$/.test(type.name);
  const counts = new Map<PiiValueKind, { matched: number; whole: number }>();
  for (const value of values) {
    const match = piiOfValue(value);
    if (match === null || (match.strength === 'weak' && named !== match.kind)) continue;
    if (isNumber && match.kind !== 'card') continue;
    const count = counts.get(match.kind) ?? { matched: 0, whole: 0 };
    counts.set(match.kind, { matched: count.matched + 1, whole: count.whole + (match.isWhole ? 1 : 0) });
  }
  const [best] = [...counts].toSorted((a, b) => b[1].matched - a[1].matched);
  if (best === undefined) return null;
  const [kind, { matched, whole }] = best;
  // One number in ten passes Luhn's test by chance.
  if (kind === 'card' && matched / values.length < cardShareMin) return null;
  const isWhole = whole * 2 > matched;
  return { kind, matched, isWhole, worth: isNumber ? 0.7 : kind === 'ip' ? 0.9 : isWhole ? 1 : 0.8 };
}

/** Lower bound of the share, at 95 %. Where any match counts (an address in a text), a small share is a small figure. */
function wilson(matched: number, sampled: number): number {
  if (sampled === 0) return 0;
  const z = 1.645;
  const share = matched / sampled;
  const centre = share + (z * z) / (2 * sampled);
  const spread = z * Math.sqrt((share * (1 - share) + (z * z) / (4 * sampled)) / sampled);
  return (centre - spread) / (1 + (z * z) / sampled);
}

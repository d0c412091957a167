// Who sees what of classified columns. One vocabulary of masks, those that Iceberg's read restrictions name, so that the same
// policy can be given to other engines; trino-rules.ts compiles it for Trino.

import { isClassified } from '../../contracts/classified.ts';
import { wholeColumns } from '../entities/whole-columns.ts';

export const maskActions = [
  'clear',
  'null',
  'fixed',
  'alphanumeric',
  'show-first-4',
  'show-last-4',
  'truncate-to-year',
  'truncate-to-month',
  'sha-256',
] as const;
export type MaskAction = (typeof maskActions)[number];

export interface Principals {
  readonly users: readonly string[];
  readonly groups: readonly string[];
}

export interface AccessPolicy {
  readonly clear: Principals;
  readonly change: Principals;
  readonly unclassified: 'deny' | 'read';
  readonly masks: readonly MaskRule[];
  readonly filters: readonly { readonly table: string; readonly where: string }[];
  readonly views: readonly { readonly view: string; readonly like: string }[];
}

export interface MaskRule {
  readonly pii?: string | undefined;
  readonly classification?: string | undefined;
  readonly tag?: string | undefined;
  readonly mask: MaskAction;
}

/** Nobody is named: all read what is known to be open, and nobody anything else. */
export const closedPolicy: AccessPolicy = {
  clear: { users: [], groups: [] },
  change: { users: [], groups: [] },
  unclassified: 'deny',
  masks: [],
  filters: [],
  views: [],
};

/** What is known of a column, by its name in the source. */
export interface ColumnClass {
  readonly column: string;
  readonly classification: string | null;
  readonly pii: string | null;
  readonly tags: readonly string[];
}

/** A rule may also mask what is not classified, by its tag. Words that differ in case alone are one. */
function maskOfColumn(column: ColumnClass, { masks }: AccessPolicy): MaskAction {
  const rule = masks.find(
    ({ pii, classification, tag }) =>
      (pii === undefined || isSameWord(pii, column.pii)) &&
      (classification === undefined || isSameWord(classification, column.classification)) &&
      (tag === undefined ? isClassified(column) : column.tags.some((own) => isSameWord(tag, own))),
  );
  return rule?.mask ?? (isClassified(column) ? 'null' : 'clear');
}

function isSameWord(word: string, said: string | null): boolean {
  return word.toLowerCase() === said?.toLowerCase();
}

/**
 * By name in lower case, as engines compare them; where two columns are one name to them, what hides more counts. What is said
 * of a part (`address.email`, `after.email`) hides the columns that it may be in, and opens none.
 */
export function actionsByName(columns: readonly ColumnClass[], policy: AccessPolicy): ReadonlyMap<string, MaskAction> {
  const actions = new Map<string, MaskAction>();
  const add = (name: string, action: MaskAction): void => void actions.set(name, stricter(actions.get(name) ?? 'clear', action));
  for (const column of columns) {
    const name = column.column.toLowerCase();
    const action = maskOfColumn(column, policy);
    add(name, action);
    if (action !== 'clear') for (const whole of wholeColumns(name)) add(whole, action);
  }
  return actions;
}

/** What each of two masks would still show, the other may be there to hide: of two different ones nothing is shown. */
export function stricter(a: MaskAction, b: MaskAction): MaskAction {
  if (a === b || b === 'clear') return a;
  return a === 'clear' ? b : 'null';
}

// Who sees what of classified columns. One vocabulary of masks, those that Iceberg's read restrictions name, so that the same
// policy can be given to other engines; trino-rules.ts compiles it for Trino.

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

/** What says that there is nothing to hide. */
const openClassifications: ReadonlySet<string> = new Set(['public', 'internal']);

/** Any personal data, and any classification that is not known to be open. */
export function isClassified({ classification, pii }: ColumnClass): boolean {
  return pii !== null || (classification !== null && !openClassifications.has(classification.toLowerCase()));
}

/** A rule may also mask what is not classified, by its tag. */
export function maskOfColumn(column: ColumnClass, { masks }: AccessPolicy): MaskAction {
  const rule = masks.find(
    ({ pii, classification, tag }) =>
      (pii === undefined || pii === column.pii) &&
      (classification === undefined || classification === column.classification) &&
      (tag === undefined || column.tags.includes(tag)) &&
      (tag !== undefined || isClassified(column)),
  );
  return rule?.mask ?? (isClassified(column) ? 'null' : 'clear');
}

// Whether a column's values are to be kept from most. One answer for all who ask: the masks of Trino's rules, the bounds that the
// catalog keeps back, the failing rows of checks, the marks on a contract’s page.

export interface Classified {
  readonly classification: string | null;
  /** What personal data it is; null: none is known. */
  readonly pii: string | null;
}

/** What says that there is nothing to hide; upper and lower case are one. */
const openClassifications: ReadonlySet<string> = new Set(['public', 'internal']);

/** Any personal data, and any classification that is not known to be open. */
export function isClassified({ pii, classification }: Classified): boolean {
  return pii !== null || (classification !== null && !isOpenClassification(classification));
}

export function isOpenClassification(classification: string): boolean {
  return openClassifications.has(classification.toLowerCase());
}

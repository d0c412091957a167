// Differences between two schemas by kind and path.

import type { Budget } from './budget.ts';
import type { CompatibilityProfile } from './difference.ts';
import type { SchemaDocument } from './schema-document.ts';

export interface FoundDifference {
  readonly kind: string;
  readonly path: string;
  isAllowed(profile: CompatibilityProfile): boolean;
}

export function findDifferences(_original: SchemaDocument, _update: SchemaDocument, _budget: Budget): readonly FoundDifference[] {
  return [];
}

// What must hold of one value, collected from schemas that it satisfies and schemas that it does not. A claim is one
// schema, held or denied; claims about the same value are a conjunction. `branches` (branches.ts) takes claims apart into
// facts: every alternative a set of plain facts without `or`. A set of facts that contradicts itself has no value; one
// that does not is a recipe for a value.

import type { JsonObject, JsonSchema, JsonValue } from '../json-schema.ts';
import { allKinds, type Kinds } from './kinds.ts';
import type { SchemaDocument } from './schema-document.ts';

export interface Claim {
  readonly document: SchemaDocument;
  readonly schema: JsonSchema;
  readonly holds: boolean;
}

/** Copied when alternatives part; lists are replaced, never changed in place. */
export interface Facts {
  kinds: Kinds;
  /** From `enum` and `const`: one of these, where not null. */
  values: readonly JsonValue[] | null;
  excluded: readonly JsonValue[];
  low: number;
  lowIsOpen: boolean;
  high: number;
  highIsOpen: boolean;
  multiples: readonly number[];
  notMultiples: readonly number[];
  lengthMin: number;
  lengthMax: number;
  patterns: readonly string[];
  notPatterns: readonly string[];
  formats: readonly string[];
  notFormats: readonly string[];
  itemsMin: number;
  itemsMax: number;
  isUnique: boolean;
  hasEqualItems: boolean;
  arrays: readonly ArrayShape[];
  itemClaims: readonly { readonly index: number; readonly claim: Claim }[];
  /** Some item at or after `from` satisfies the claim. */
  someItem: readonly { readonly from: number; readonly claim: Claim }[];
  atLeast: readonly Counted[];
  atMost: readonly Counted[];
  required: ReadonlySet<string>;
  forbidden: ReadonlySet<string>;
  propertiesMin: number;
  propertiesMax: number;
  shapes: readonly ObjectShape[];
  memberClaims: readonly { readonly name: string; readonly claim: Claim }[];
  names: readonly Claim[];
  someMember: readonly SomeMember[];
  /** When `name` is there, so are `needs`. */
  dependents: readonly { readonly name: string; readonly needs: readonly string[] }[];
}

export interface ArrayShape {
  readonly prefix: readonly Claim[];
  readonly rest: Claim | null;
}

export interface ObjectShape {
  readonly document: SchemaDocument;
  /** Whose properties, patternProperties and additionalProperties hold. */
  readonly node: JsonObject;
}

/** Number of items that satisfy the claim. */
export interface Counted {
  readonly claim: Claim;
  readonly count: number;
}

/** There is a member whose name and value are so. */
export interface SomeMember {
  readonly pattern: string | null;
  readonly exceptNames: Readonly<Record<string, JsonSchema>>;
  readonly exceptPatterns: readonly string[];
  readonly name: Claim | null;
  readonly value: Claim | null;
}

export function noFacts(): Facts {
  const none: readonly never[] = [];
  return {
    kinds: allKinds,
    values: null,
    excluded: none,
    low: -Infinity,
    lowIsOpen: false,
    high: Infinity,
    highIsOpen: false,
    multiples: none,
    notMultiples: none,
    lengthMin: 0,
    lengthMax: Infinity,
    patterns: none,
    notPatterns: none,
    formats: none,
    notFormats: none,
    itemsMin: 0,
    itemsMax: Infinity,
    isUnique: false,
    hasEqualItems: false,
    arrays: none,
    itemClaims: none,
    someItem: none,
    atLeast: none,
    atMost: none,
    required: new Set(),
    forbidden: new Set(),
    propertiesMin: 0,
    propertiesMax: Infinity,
    shapes: none,
    memberClaims: none,
    names: none,
    someMember: none,
    dependents: none,
  };
}

export function raiseLow(facts: Facts, value: number, isOpen: boolean): void {
  if (value < facts.low || (value === facts.low && (facts.lowIsOpen || !isOpen))) return;
  facts.low = value;
  facts.lowIsOpen = isOpen;
}

export function lowerHigh(facts: Facts, value: number, isOpen: boolean): void {
  if (value > facts.high || (value === facts.high && (facts.highIsOpen || !isOpen))) return;
  facts.high = value;
  facts.highIsOpen = isOpen;
}

/** Same text for the same conjunction. */
export function claimsKey(claims: readonly Claim[]): string {
  const keys = claims.map(claimKey);
  return [...new Set(keys)].toSorted().join(' ');
}

export function claimKey({ document, schema, holds }: Claim): string {
  return `${holds ? '' : '!'}${document.numberOf(schema)}`;
}

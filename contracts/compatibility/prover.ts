// Shows that no document satisfies a conjunction of claims: "every document that W accepts, R accepts too" is "nothing
// satisfies W and the denial of R".
//
// A proof walks down the documents' structure. Recursive schemas come back to a conjunction that is being proved already,
// of a smaller document: it is taken for empty (induction over the size of documents; references that come back without
// going down are refused before). When such an assumption turns out false, everything is proved again without it, until
// none does: what is left is sound. A conjunction that is not shown to be empty may still be; nobody concludes from that.

import { isJsonObject } from '../json-schema.ts';
import { branches } from './branches.ts';
import { evaluate, type Judges } from './evaluate.ts';
import { claimsKey, type Claim, type Facts } from './facts.ts';
import { finiteValues } from './finite-values.ts';
import { hasUnknownColumn, openColumns, type Columns } from './known-columns.ts';
import { textKeyword } from './keywords.ts';
import { hasKind, kinds } from './kinds.ts';
import { arrayRefuted } from './refute-array.ts';
import { objectRefuted } from './refute-object.ts';
import { booleanRefuted, nullRefuted, numberRefuted, textRefuted } from './refute-scalar.ts';
import { openSchema, createNumbering, type Numbering } from './schema-document.ts';

export interface Prover {
  readonly judges: Judges;
  /** `{type: 'string'}`, for claims about names. */
  readonly isText: Claim;
  isAsserted(format: string): boolean;
  isEmpty(claims: readonly Claim[], columns: Columns): boolean;
  /** With whatever columns. */
  isEmptyAnywhere(claims: readonly Claim[]): boolean;
}

/** Conjunctions within conjunctions. */
const proofDepthMax = 200;

/** True only when nothing satisfies the claims; throws BudgetSpent. */
export function provesEmpty(judges: Judges, claims: readonly Claim[], columns: Columns, numbering: Numbering): boolean {
  const open = new Set<string>();
  for (;;) {
    const trusted = new Set<string>();
    const result = createProver(judges, open, trusted, numbering).isEmpty(claims, columns);
    if (![...trusted].some((key) => open.has(key))) return result;
  }
}

/** `open`: not to be shown empty, for good. `trusted`: assumptions that were used. */
function createProver(judges: Judges, open: Set<string>, trusted: Set<string>, numbering: Numbering): Prover {
  const proved = new Set<string>();
  const underway = new Set<string>();
  const isEmpty = (given: readonly Claim[], columns: Columns): boolean => {
    const claims = given.map(followed);
    const key = `${claimsKey(claims)} @${columns.key}`;
    if (open.has(key)) return false;
    if (proved.has(key)) return true;
    if (underway.has(key)) {
      trusted.add(key);
      return true;
    }
    if (underway.size >= proofDepthMax) return false;
    underway.add(key);
    const result = isEmptyNow(prover, claims, columns);
    underway.delete(key);
    (result ? proved : open).add(key);
    return result;
  };
  const prover: Prover = {
    judges,
    isText: textClaim(numbering),
    isAsserted: (format) => judges.format(format, '') !== null,
    isEmpty,
    isEmptyAnywhere: (claims) => isEmpty(claims, openColumns),
  };
  return prover;
}

/** The same conjunction has one key, whichever reference led to it. */
function followed(claim: Claim): Claim {
  const { document } = claim;
  let { schema } = claim;
  while (isJsonObject(schema)) {
    const reference = textKeyword(schema, '$ref');
    const target = reference === undefined || Object.keys(schema).length > 1 ? undefined : document.resolve(reference);
    if (target === undefined) break;
    schema = target;
  }
  return schema === claim.schema ? claim : { ...claim, schema };
}

function isEmptyNow(prover: Prover, claims: readonly Claim[], columns: Columns): boolean {
  const values = finiteValues(claims, prover.judges);
  if (values !== null) {
    return values.every((value) => hasUnknownColumn(columns, value) || claims.some((claim) => isBroken(prover.judges, claim, value)));
  }
  const branching = {
    budget: prover.judges.budget,
    isAsserted: (format: string) => prover.isAsserted(format),
    isRefuted: (facts: Facts) => isRefuted(prover, facts, columns, claims),
  };
  for (const facts of branches(claims, branching)) if (!branching.isRefuted(facts)) return false;
  return true;
}

function isRefuted(prover: Prover, facts: Facts, columns: Columns, claims: readonly Claim[]): boolean {
  if (facts.values !== null) {
    return facts.values.every((value) => hasUnknownColumn(columns, value) || claims.some((claim) => isBroken(prover.judges, claim, value)));
  }
  const possible = (kind: number): boolean => hasKind(facts.kinds, kind);
  if (possible(kinds.null) && !nullRefuted(facts)) return false;
  if (possible(kinds.boolean) && !booleanRefuted(facts)) return false;
  if (possible(kinds.integer) && !numberRefuted(facts, kinds.integer)) return false;
  if (possible(kinds.fraction) && !numberRefuted(facts, kinds.fraction)) return false;
  if (possible(kinds.string) && !textRefuted(facts)) return false;
  if (possible(kinds.array) && !arrayRefuted(prover, facts, columns)) return false;
  return !possible(kinds.object) || objectRefuted(prover, facts, columns);
}

export function isBroken(judges: Judges, { document, schema, holds }: Claim, value: Parameters<typeof evaluate>[3]): boolean {
  const answer = evaluate(judges, document, schema, value);
  return answer !== null && answer !== holds;
}

const textSchema = { type: 'string' } as const;

function textClaim(numbering: Numbering = createNumbering()): Claim {
  const document = openSchema(textSchema, numbering);
  if (document.kind === 'refused') throw new Error(document.reason);
  return { document, schema: document.root, holds: true };
}

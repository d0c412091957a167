// Compares two versions of a schema: can rows written under one be read under the other?
//
//   compareSchemas(old, new, { mode: 'backward' }) → { compatible, differences, witness, reason }
//
// The sound profile never guesses. `true` stands on a proof (prover.ts), `false` on a document that the validator accepts
// with one schema and rejects with the other (find-witness.ts); when there is neither, or the schemas say something that
// is not understood, or the budget is spent, the answer is `unknown` with its reason. Works offline; bounded in time.

import type { CompatibilityMode } from '../contract.ts';
import { compileSchema, type SchemaValidator } from '../json-schema-validator.ts';
import type { JsonSchema } from '../json-schema.ts';
import { BudgetSpent, createBudget } from './budget.ts';
import type { Comparison, CompatibilityProfile, Difference, Direction, Witness } from './difference.ts';
import { isAllowed } from './difference-kinds.ts';
import type { Judges } from './evaluate.ts';
import { findDifferences } from './find-differences.ts';
import { findWitness } from './find-witness.ts';
import { createJudges } from './judges.ts';
import { columnsOf, type Columns } from './known-columns.ts';
import { provesEmpty } from './prover.ts';
import { createNumbering, openSchema, type Numbering, type SchemaDocument } from './schema-document.ts';

export interface CompareOptions {
  readonly mode: CompatibilityMode;
  /** Default: sound. */
  readonly profile?: CompatibilityProfile;
  /** Versions before `old`, the latest first: compared as well by the transitive modes. */
  readonly history?: readonly JsonSchema[];
  /** Work of one proof and of one phase of a search. */
  readonly stepsMax?: number;
  readonly phaseMaxMs?: number;
}

export const compareStepsMax = 400_000;
export const comparePhaseMaxMs = 5_000;
/** When so much is spent on all versions together, the rest is not begun. */
export const compareMaxMs = 60_000;
/** Older versions that a transitive mode looks at. */
export const historyMax = 100;

export function compareSchemas(old: JsonSchema, updated: JsonSchema, options: CompareOptions): Comparison {
  const { mode, profile = 'sound' } = options;
  const versions = [old, ...(mode.endsWith('-transitive') ? (options.history ?? []) : [])];
  const result = { mode, profile, differences: [], witness: null };
  if (versions.length > historyMax)
    return { ...result, compatible: 'unknown', reason: `${versions.length} versions to compare with: at most ${historyMax}` };
  const parts: Part[] = [];
  const deadline = performance.now() + compareMaxMs;
  for (const [against, version] of versions.entries()) {
    for (const direction of directionsOf(mode)) {
      const isLate = performance.now() > deadline;
      parts.push(isLate ? late : compareOneWay(version, updated, direction, against, profile, options));
    }
  }
  return { mode, profile, ...combine(mode, parts) };
}

interface Part {
  readonly compatible: boolean | 'unknown';
  readonly differences: readonly Difference[];
  readonly witness: Witness | null;
  readonly reason: string | null;
}

const late: Part = {
  compatible: 'unknown',
  differences: [],
  witness: null,
  reason: `not all versions were compared within ${compareMaxMs} ms`,
};

/** Mode `none` forbids nothing; its differences are told as backward ones. */
function directionsOf(mode: CompatibilityMode): readonly Direction[] {
  if (mode === 'none' || mode.startsWith('backward')) return ['backward'];
  return mode.startsWith('forward') ? ['forward'] : ['backward', 'forward'];
}

function combine(mode: CompatibilityMode, parts: readonly Part[]): Part {
  const differences = parts.flatMap((part) => part.differences);
  if (mode === 'none')
    return {
      compatible: true,
      differences: differences.map((difference) => ({ ...difference, allowed: true })),
      witness: null,
      reason: null,
    };
  const broken = parts.find(({ compatible }) => compatible === false);
  if (broken !== undefined) return { compatible: false, differences, witness: broken.witness, reason: null };
  const unknown = parts.find(({ compatible }) => compatible === 'unknown');
  if (unknown !== undefined) return { compatible: 'unknown', differences, witness: null, reason: unknown.reason };
  return { compatible: true, differences, witness: null, reason: null };
}

function compareOneWay(
  old: JsonSchema,
  updated: JsonSchema,
  direction: Direction,
  against: number,
  profile: CompatibilityProfile,
  options: CompareOptions,
): Part {
  const [writer, reader] = direction === 'backward' ? [old, updated] : [updated, old];
  const numbering = createNumbering();
  const [from, to] = [openSchema(writer, numbering), openSchema(reader, numbering)];
  const refused = from.kind === 'refused' ? from : to.kind === 'refused' ? to : null;
  if (from.kind === 'refused' || to.kind === 'refused') {
    const side = (from.kind === 'refused') === (direction === 'backward') ? 'old' : 'new';
    return { compatible: 'unknown', differences: [], witness: null, reason: `${side} schema: ${refused?.reason ?? ''}` };
  }
  const { stepsMax = compareStepsMax, phaseMaxMs = comparePhaseMaxMs } = options;
  const fresh = createJudges();
  const judges = (): Judges => fresh(createBudget(stepsMax, phaseMaxMs));
  const found = findDifferences(from, to, profile, createBudget(stepsMax, phaseMaxMs));
  const tell = (compatible: boolean | 'unknown'): readonly Difference[] =>
    found.differences.map(({ kind, path }) => ({
      kind,
      path,
      direction,
      against,
      allowed: profile === 'sound' && compatible === true ? true : isAllowed(kind, profile),
    }));
  if (profile !== 'sound') {
    if (found.givenUp !== null)
      return {
        compatible: 'unknown',
        differences: tell('unknown'),
        witness: null,
        reason: `the comparison was given up: ${found.givenUp}`,
      };
    const compatible = found.differences.every(({ kind }) => isAllowed(kind, profile));
    return { compatible, differences: tell(compatible), witness: null, reason: null };
  }
  const verdict = judgeSoundly(from, to, numbering, judges, direction, against);
  return { ...verdict, differences: tell(verdict.compatible) };
}

function judgeSoundly(
  from: SchemaDocument,
  to: SchemaDocument,
  numbering: Numbering,
  judges: () => Judges,
  direction: Direction,
  against: number,
): Omit<Part, 'differences'> {
  const columns = columnsOf(from);
  const proof = prove(from, to, columns, numbering, judges());
  if (proof === true) return { compatible: true, witness: null, reason: null };
  const [accepts, rejects] = [compileSchema(from.root, true), compileSchema(to.root, true)];
  if (accepts.kind === 'refused' || rejects.kind === 'refused') {
    const isWriter = accepts.kind === 'refused';
    const reason = accepts.kind === 'refused' ? accepts.reason : rejects.kind === 'refused' ? rejects.reason : '';
    return { compatible: 'unknown', witness: null, reason: `${isWriter === (direction === 'backward') ? 'old' : 'new'} schema: ${reason}` };
  }
  const witness = witnessOf(from, to, columns, accepts, rejects, judges);
  if (witness === null) {
    const reason =
      proof === false ? 'neither a proof nor a witness was found' : `the proof was given up (${proof}) and no witness was found`;
    return { compatible: 'unknown', witness: null, reason };
  }
  const [acceptedBy, rejectedBy] = direction === 'backward' ? (['old', 'new'] as const) : (['new', 'old'] as const);
  return {
    compatible: false,
    witness: { document: witness.document, acceptedBy, rejectedBy, against, explains: witness.problem },
    reason: null,
  };
}

function witnessOf(
  from: SchemaDocument,
  to: SchemaDocument,
  columns: Columns,
  accepts: SchemaValidator,
  rejects: SchemaValidator,
  judges: () => Judges,
): ReturnType<typeof findWitness> {
  return findWitness({ writer: { document: from, validator: accepts, columns }, reader: { document: to, validator: rejects }, judges });
}

/** true: proved; false: not proved; a text: given up, and why. */
function prove(from: SchemaDocument, to: SchemaDocument, columns: Columns, numbering: Numbering, judges: Judges): boolean | string {
  try {
    const claims = [
      { document: from, schema: from.root, holds: true },
      { document: to, schema: to.root, holds: false },
    ];
    return provesEmpty(judges, claims, columns, numbering);
  } catch (error) {
    if (error instanceof BudgetSpent) return error.message;
    if (error instanceof RangeError) return 'nested too deep';
    throw error;
  }
}

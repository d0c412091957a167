// Whether a contract may follow the versions that were promised before it. Two questions, in this order:
//
// 1. May the change be made at all? The mode of the newest promised version decides, not the candidate's own: a promise
//    is not taken back in the same step that breaks it. Transitive modes ask it of every promised version.
// 2. Does the version say what the change is? What no longer accepts an older row, or takes from a reader what was
//    promised (a column, a key), is a major version; what adds is a minor one, anything else a patch.
//
// What can neither be proven nor refuted is `unknown` and counts as breaking, unless the caller accepts it in so many
// words; then it is written down.

import type { CompatibilityMode, Contract } from '../../contracts/contract.ts';
import { refused, type Refusal } from '../service/answer.ts';
import type { ContractJudge } from './contract-judge.ts';
import type { ContractDifference, Direction, Verdict, VersionComparison } from './registry-ports.ts';
import { compareVersions, isStepAtLeast, nextVersion, stepBetween, type VersionStep } from './semantic-version.ts';

export interface VersionCheck {
  /** Versions that were ever activated, newest first. */
  readonly promised: readonly Contract[];
  readonly candidate: Contract;
  readonly compare: ContractJudge['compare'];
  readonly isUnknownAccepted: boolean;
}

export interface VersionAllowed {
  readonly kind: 'ok';
  readonly note: string;
  /** To the newest promised version. */
  readonly differences: readonly ContractDifference[];
}

export interface VersionRefusal extends Refusal {
  readonly detail?: Refusal['detail'] & { readonly differences?: readonly ContractDifference[] };
}

/** Differences and witnesses told of one refusal; the rest is counted. */
const differencesMax = 100;
const witnessesMax = 10;

/** A refusal, or what to write into the history. */
export async function checkVersion(check: VersionCheck): Promise<VersionRefusal | VersionAllowed> {
  const { promised, candidate, compare } = check;
  const newest = promised[0];
  if (!newest) return { kind: 'ok', note: 'nothing was promised before', differences: [] };
  if (compareVersions(candidate.version, newest.version) <= 0) return notAbove(newest, candidate);
  const mode = newest.compatibility;
  const needed = directionsOf(mode);
  const compared = new Map<Contract, VersionComparison>();
  for (const older of isTransitive(mode) ? promised : [newest]) {
    const comparison = await compare(older, candidate);
    compared.set(older, comparison);
    const broken = needed.filter((direction) => isBroken(comparison[direction], check.isUnknownAccepted));
    if (broken.length > 0) return incompatible(older, candidate, mode, broken, comparison);
  }
  const comparison = compared.get(newest) ?? (await compare(newest, candidate));
  const step = neededStep(comparison, check.isUnknownAccepted);
  if (!isStepAtLeast(stepBetween(newest.version, candidate.version), step)) return tooSmall(newest, candidate, step, comparison);
  return { kind: 'ok', note: noteOf(newest, mode, step, comparison), differences: comparison.differences };
}

export function directionsOf(mode: CompatibilityMode): readonly Direction[] {
  switch (mode) {
    case 'none':
      return [];
    case 'backward':
    case 'backward-transitive':
      return ['backward'];
    case 'forward':
    case 'forward-transitive':
      return ['forward'];
    case 'full':
    case 'full-transitive':
      return ['backward', 'forward'];
  }
}

function isTransitive(mode: CompatibilityMode): boolean {
  return mode.endsWith('-transitive');
}

function isBroken(verdict: Verdict, isUnknownAccepted: boolean): boolean {
  return verdict === false || (verdict === 'unknown' && !isUnknownAccepted);
}

export function neededStep({ backward, forward, differences }: VersionComparison, isUnknownAccepted: boolean): VersionStep {
  if (isBroken(backward, isUnknownAccepted) || differences.some(({ step }) => step === 'major')) return 'major';
  const isWider = forward !== true || backward !== true || differences.some(({ step }) => step === 'minor');
  return isWider ? 'minor' : 'patch';
}

function notAbove(newest: Contract, candidate: Contract): VersionRefusal {
  return refused(
    'contract-version',
    `Contract ${candidate.id} has version ${newest.version} in force already: ${candidate.version} is not above it. ` +
      `To go back to what an older version said, register it again as ${nextVersion(newest.version, 'major')}`,
  );
}

function incompatible(
  older: Contract,
  candidate: Contract,
  mode: CompatibilityMode,
  broken: readonly Direction[],
  comparison: VersionComparison,
): VersionRefusal {
  const isUnknown = broken.every((direction) => comparison[direction] === 'unknown');
  const finding = isUnknown ? 'could not be shown to be' : 'is not';
  const first = comparison.differences.find(({ breaks }) => broken.some((direction) => breaks.includes(direction)));
  const message =
    `Contract ${candidate.id} ${candidate.version} ${finding} ${broken.join(' and ')} compatible with ${older.version}, ` +
    `whose compatibility is ${mode}${first ? `: ${first.table} ${first.path}: ${first.message}` : ''}`;
  return refused('contract-incompatible', message, {
    mode,
    against: older.version,
    verdict: isUnknown ? 'unknown' : false,
    ...told(comparison),
  });
}

function tooSmall(newest: Contract, candidate: Contract, step: VersionStep, comparison: VersionComparison): VersionRefusal {
  const needed = nextVersion(newest.version, step);
  const what = step === 'major' ? 'a breaking change' : 'an addition';
  const message = `Contract ${candidate.id} ${candidate.version} makes ${what} to ${newest.version}: that is a ${step} version, ${needed} or above`;
  return refused('contract-version', message, { against: newest.version, neededStep: step, neededVersion: needed, ...told(comparison) });
}

function told({
  differences,
  witnesses,
}: VersionComparison): Pick<VersionComparison, 'differences' | 'witnesses'> & { differencesOmitted: number } {
  return {
    differences: differences.slice(0, differencesMax),
    witnesses: witnesses.slice(0, witnessesMax),
    differencesOmitted: Math.max(0, differences.length - differencesMax),
  };
}

function noteOf(newest: Contract, mode: CompatibilityMode, step: VersionStep, { backward, forward }: VersionComparison): string {
  return `${step} change to ${newest.version} (${mode}): backward ${String(backward)}, forward ${String(forward)}`;
}

// Versions of contracts: major.minor.patch, nothing behind.
// Spec: https://semver.org

export type VersionStep = 'major' | 'minor' | 'patch';

/** Nine digits a part: exact as a number. */
export const versionPattern = /^(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})$/;

const steps: readonly VersionStep[] = ['patch', 'minor', 'major'];

export function compareVersions(a: string, b: string): number {
  const [left, right] = [partsOf(a), partsOf(b)];
  return left[0] - right[0] || left[1] - right[1] || left[2] - right[2];
}

/** The largest part that differs; `to` must be the greater one. */
export function stepBetween(from: string, to: string): VersionStep {
  const [left, right] = [partsOf(from), partsOf(to)];
  if (left[0] !== right[0]) return 'major';
  return left[1] === right[1] ? 'patch' : 'minor';
}

export function isStepAtLeast(step: VersionStep, needed: VersionStep): boolean {
  return steps.indexOf(step) >= steps.indexOf(needed);
}

/** The lowest version that is such a step above `from`. */
export function nextVersion(from: string, step: VersionStep): string {
  const [major, minor, patch] = partsOf(from);
  if (step === 'major') return `${major + 1}.0.0`;
  return step === 'minor' ? `${major}.${minor + 1}.0` : `${major}.${minor}.${patch + 1}`;
}

function partsOf(version: string): readonly [number, number, number] {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  return [major, minor, patch];
}

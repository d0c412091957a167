// `users`, `users@1.2.0`, `users@latest`: which version of which contract is meant.

import { versionPattern } from '../../catalog/registry/semantic-version.ts';
import { contractIdPattern } from '../../contracts/contract.ts';
import { LakeError } from '../../runtime/errors.ts';

export interface VersionName {
  readonly id: string;
  /** Null when only the contract is named. */
  readonly version: string | null;
}

export function versionName(text: string): VersionName {
  const at = text.indexOf('@');
  const [id, version] = at === -1 ? [text, null] : [text.slice(0, at), text.slice(at + 1)];
  const isVersion = version === null || version === 'latest' || version === 'active' || versionPattern.test(version);
  if (contractIdPattern.test(id) && isVersion) return { id, version };
  throw new LakeError('ARGUMENT_INVALID', `${text.slice(0, 200)} names no contract`, {
    context: { expected: 'ID or ID@VERSION, as users or users@1.2.0', found: text.slice(0, 200), next: 'foz contract list' },
  });
}

// Tokens of the configuration, for where nobody can run a command before the catalog starts: in containers. They become
// tokens of the store like any other, and a revocation outlives the configuration.

import type { Clock } from '../../runtime/clock.ts';
import { LakeError } from '../../runtime/errors.ts';
import type { Secret } from '../../runtime/secret.ts';
import { tokenIdPattern, type TokenStore } from '../store/token-store.ts';
import type { Role } from './roles.ts';
import { isTokenText, tokenDigest } from './token-text.ts';

export interface ConfiguredToken {
  readonly name: string;
  readonly roles: readonly Role[];
  readonly token: Secret;
}

export async function keepConfiguredTokens(store: TokenStore, tokens: readonly ConfiguredToken[], clock: Clock): Promise<void> {
  for (const { name, roles, token } of tokens) {
    const text = token.reveal();
    if (!isTokenText(text))
      throw new LakeError('CONFIG_INVALID', `the token ${name} of catalog.auth.tokens could be guessed or not be sent`, {
        context: {
          expected: '32 to 200 letters, digits and _ ~ + / = -',
          found: `${text.length} characters`,
          next: 'openssl rand -hex 32',
        },
      });
    if (tokenIdPattern.test(name))
      throw new LakeError('CONFIG_INVALID', `a name of catalog.auth.tokens could be the id of another token`, {
        context: { expected: 'a name that is not eight or more digits from 0 to f', found: name },
      });
    await store.createToken({ digest: tokenDigest(text), name, roles, createdAt: clock.now(), expiresAt: null }, 'foz');
  }
}

// `foz catalog token create | list | revoke`: who may use the catalog. They work on its database, so that the first token
// can be had before anybody may ask for one over HTTP.

import { isRole, roles, type Role } from '../../catalog/access/roles.ts';
import type { CatalogStore } from '../../catalog/store/catalog-store.ts';
import { tokenIdLength, tokenIdPattern, type StoredToken } from '../../catalog/store/token-store.ts';
import { systemClock } from '../../runtime/clock.ts';
import { LakeError } from '../../runtime/errors.ts';
import type { Command, CommandCall, CommandGroup, CommandOption } from '../command.ts';
import { personHere } from '../person-here.ts';

const store: CommandOption = {
  flags: '--store <address>',
  doc: 'database of the catalog: sqlite:PATH or postgres://… (default: catalog.store)',
};

const namePattern = /^[A-Za-z][A-Za-z0-9._@-]{0,99}$/;
const pageRows = 1_000;

const create: Command = {
  description:
    'Make a token and show it, this once: only its digest is kept. The first one closes an open catalog for everybody without one. Several may have the same name, for one to take over from the other.',
  arguments: [{ name: '<name>', doc: 'whose it is, for the audit log; also the client id of OAuth2' }],
  options: [
    { flags: '--role <roles...>', doc: `what it opens: ${roles.join(', ')}; repeatable` },
    { flags: '--expires <duration>', doc: 'how long it lasts: 12h, 90d; default: until it is revoked', parse: lifeOf },
    store,
  ],
  examples: [
    ['foz catalog token create admin --role operator', 'the first one'],
    ['foz catalog token create trino --role writer --expires 365d', 'for an engine'],
    ['foz catalog token create trino-rules --role rules', 'for the address that Trino reads its access rules at'],
  ],
  run: async (call) => {
    const name = String(call.args[0]);
    if (!namePattern.test(name)) throw invalid('a token’s name', 'letters, digits and . _ @ -, a letter first, at most 100', name);
    if (tokenIdPattern.test(name))
      throw invalid('a token’s name', 'a name that is not eight or more digits from 0 to f: those are ids', name);
    const held = rolesOf(call.options['role']);
    const { newTokenText, tokenDigest } = await import('../../catalog/access/token-text.ts');
    const text = newTokenText();
    const createdAt = systemClock.now();
    const life = call.options['expires'];
    const token = {
      digest: tokenDigest(text),
      name,
      roles: held,
      createdAt,
      expiresAt: typeof life === 'number' ? createdAt + life : null,
    };
    await using opened = await openStore(call);
    await opened.tokens.createToken(token, personHere());
    call.note('foz: this is the only time that the token is shown');
    if (held.includes('rules')) call.note(`  Trino: security.config-file=http://CATALOG/v1/foz/trino/rules/${text}`);
    else call.note('  clients: Authorization: Bearer TOKEN, or OAuth2 with the name as client id and the token as secret');
    call.print({ id: idOf(token.digest), name, roles: held, expiresAt: timeText(token.expiresAt), token: text }, () => text);
    return 0;
  },
};

const list: Command = {
  description: 'Show the tokens there are and were: what they open, until when, and when they were used last. Never the tokens themselves.',
  options: [store],
  examples: [
    ['foz catalog token list', ''],
    ['foz catalog token list --json', 'for programs'],
  ],
  run: async (call) => {
    await using opened = await openStore(call);
    const tokens: StoredToken[] = [];
    for (let after: string | null = null; ;) {
      const page: readonly StoredToken[] = await opened.tokens.listTokens({ after, limit: pageRows });
      tokens.push(...page);
      after = page.at(-1)?.digest ?? null;
      if (page.length < pageRows) break;
    }
    const now = systemClock.now();
    const told = tokens
      .toSorted((a, b) => a.createdAt - b.createdAt)
      .map((token) => ({
        id: idOf(token.digest),
        name: token.name,
        roles: token.roles,
        state: stateOf(token, now),
        createdAt: timeText(token.createdAt),
        expiresAt: timeText(token.expiresAt),
        revokedAt: timeText(token.revokedAt),
        usedAt: timeText(token.usedAt),
      }));
    const { tableText } = await import('../output.ts');
    call.print({ tokens: told }, () =>
      tableText(
        ['id', 'name', 'roles', 'state', 'created', 'expires', 'last used'],
        told.map((token) => [
          token.id,
          token.name,
          token.roles.join(' '),
          token.state,
          token.createdAt,
          token.expiresAt ?? 'never',
          token.usedAt ?? '–',
        ]),
      ),
    );
    return 0;
  },
};

const revoke: Command = {
  description:
    'End a token, and every access token that was issued for it, within a second. By name: all of that name. A catalog that once had a token does not open again.',
  arguments: [{ name: '<name-or-id>', doc: 'as foz catalog token list shows it' }],
  options: [store],
  examples: [
    ['foz catalog token revoke trino', 'all tokens of that name'],
    ['foz catalog token revoke 3f9a1c0b77e2', 'one of them'],
  ],
  run: async (call) => {
    const which = String(call.args[0]);
    await using opened = await openStore(call);
    const revoked = await opened.tokens.revokeTokens(which, systemClock.now(), personHere());
    if (revoked === 'ambiguous') throw invalid('a token', 'more digits of one id: this is a name and an id, or several ids', which);
    if (revoked.length === 0) throw invalid('a token', 'the name or id of one that is not revoked yet', which);
    call.print({ revoked: revoked.map(idOf) }, () => '');
    call.note(`foz: revoked ${revoked.map(idOf).join(', ')}`);
    return 0;
  },
};

export const token: CommandGroup = {
  description: 'Tokens of the catalog: who may use it, and for what.',
  commands: { create, list, revoke },
};

async function openStore(call: CommandCall): Promise<CatalogStore> {
  const [{ openStoreAt, openCatalogStore }, { storeAddress }, { resolve }] = await Promise.all([
    import('../wire.ts'),
    import('../../catalog/store/store-address.ts'),
    import('node:path'),
  ]);
  const address = call.options['store'];
  if (typeof address === 'string') return openStoreAt(storeAddress(address), { directory: resolve('.') });
  return openCatalogStore(call.loadConfig());
}

function rolesOf(given: unknown): readonly Role[] {
  const asked = Array.isArray(given) ? given.map(String) : [];
  const unknown = asked.find((role) => !isRole(role));
  if (asked.length === 0 || unknown !== undefined) throw invalid('--role', `one or more of ${roles.join(', ')}`, unknown ?? 'none');
  return [...new Set(asked.filter(isRole))];
}

function lifeOf(text: string): number {
  const [, amount, unit] = /^([1-9][0-9]{0,4})([hd])$/.exec(text) ?? [];
  if (amount === undefined) throw new RangeError('expected a duration such as 12h or 90d');
  return Number(amount) * (unit === 'h' ? 3_600_000 : 86_400_000);
}

function stateOf({ revokedAt, expiresAt }: StoredToken, now: number): string {
  if (revokedAt !== null) return 'revoked';
  return expiresAt !== null && expiresAt <= now ? 'expired' : 'valid';
}

function timeText(time: number | null): string | null {
  return time === null ? null : new Date(time).toISOString();
}

function idOf(digest: string): string {
  return digest.slice(0, tokenIdLength);
}

function invalid(what: string, expected: string, found: string): LakeError {
  return new LakeError('ARGUMENT_INVALID', `${what} is not what the command takes`, { context: { expected, found } });
}

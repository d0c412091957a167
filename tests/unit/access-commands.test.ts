// `foz catalog token` and `foz catalog rules` as a person or a script meets them, on the catalog's own database and over HTTP.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { entityService } from '../../catalog/entities/entity-service.ts';
import { memoryCatalog } from '../../catalog/memory-catalog.ts';
import { registryParts } from '../../catalog/registry/registry-parts.ts';
import { serveCatalog } from '../../catalog/serve.ts';
import { ownContext } from '../../catalog/service/request-context.ts';
import { sqliteCatalogStore } from '../../catalog/store/sqlite-catalog-store.ts';
import type { Command, CommandCall } from '../../cli/command.ts';
import { checkCatalogAccess } from '../../cli/catalog/check-access.ts';
import { rules } from '../../cli/commands/catalog-rules.ts';
import { token } from '../../cli/commands/catalog-token.ts';
import { loadConfig } from '../../cli/config.ts';
import { jsonText } from '../../cli/output.ts';
import { filesystemStore } from '../../lake/store/filesystem-store.ts';
import { systemClock } from '../../runtime/clock.ts';
import { silentLogger } from '../../runtime/log.ts';
import { isRecord } from '../../runtime/options.ts';
import { createProgress } from '../../runtime/progress.ts';

const folder = mkdtempSync(join(tmpdir(), 'foz-access-cli-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, 'catalog.sqlite');

interface Ended {
  readonly code: number;
  readonly value: Readonly<Record<string, unknown>>;
  readonly notes: string;
}

async function foz(command: Command | undefined, args: readonly string[], options: Readonly<Record<string, unknown>> = {}): Promise<Ended> {
  assert.ok(command);
  let stdout = '';
  const notes: string[] = [];
  const call: CommandCall = {
    args,
    options,
    isJson: true,
    configPath: join(folder, 'foz.yaml'),
    stackDirectory: folder,
    signal: new AbortController().signal,
    progress: createProgress({ isQuiet: true }),
    loadConfig: () => loadConfig(join(folder, 'foz.yaml'), folder),
    logger: () => silentLogger,
    print: (value) => void (stdout += jsonText(value)),
    note: (text) => void notes.push(text),
  };
  const code = await command.run(call);
  const value: unknown = stdout === '' ? {} : JSON.parse(stdout);
  return { code, value: isRecord(value) ? value : {}, notes: notes.join('\n') };
}

function configured(catalog: string): void {
  const lines = [
    'kafka: { brokers: ["127.0.0.1:1"] }',
    'lake: { store: { kind: filesystem, path: lake } }',
    'sync: { tables: [{ topic: a.b.users }] }',
    `catalog: ${catalog}`,
  ];
  writeFileSync(join(folder, 'foz.yaml'), `${lines.join('\n')}\n`);
}

const { create, list, revoke } = token.commands;
const policy = '{ masks: [{ pii: email, mask: show-last-4 }], clear: { users: [officer] } }';

/** A table with an entity that says what its columns hold. */
async function prepared(): Promise<void> {
  const objectStore = filesystemStore({ root: join(folder, 'lake') });
  await using store = await sqliteCatalogStore({ path: file });
  await using catalog = memoryCatalog({ objectStore, store, logger: silentLogger });
  await catalog.ensureNamespace(['raw']);
  const fields = ['id', 'email'].map((name, i) => ({ id: i + 1, name, required: false, type: 'string' }));
  const schema = { type: 'struct', 'schema-id': 0, fields } as const;
  assert.equal((await catalog.createTable({ namespace: ['raw'], name: 'users' }, { schema })).kind, 'committed');
  const { documents } = registryParts(store.contracts, systemClock);
  const entities = entityService({ store, documents, clock: systemClock });
  const columns = { email: { pii: 'email' }, id: { classification: 'public' } };
  assert.equal((await entities.declare('users', { columns }, null, ownContext)).kind, 'ok');
}

test('tokens are made, shown once, listed without themselves, and revoked by name or id', async () => {
  configured(`{ kind: embedded, store: "sqlite:${file}" }`);
  const made = await foz(create, ['spark'], { role: ['writer', 'contract-admin'], expires: 3_600_000 });
  const text = String(made.value['token']);
  assert.match(text, /^foz_[A-Za-z0-9_-]{43}$/);
  assert.match(made.notes, /only time/);
  await foz(create, ['trino-rules'], { role: ['rules'] });
  const listed = await foz(list, []);
  const tokens = listed.value['tokens'];
  assert.ok(Array.isArray(tokens) && !JSON.stringify(tokens).includes(text));
  assert.deepEqual(
    tokens.filter(isRecord).map(({ name, roles, state, usedAt }) => [name, roles, state, usedAt]),
    [
      ['spark', ['writer', 'contract-admin'], 'valid', null],
      ['trino-rules', ['rules'], 'valid', null],
    ],
  );
  assert.deepEqual((await foz(revoke, [String(made.value['id'])])).value, { revoked: [made.value['id']] });
  await assert.rejects(foz(revoke, ['spark']), { code: 'ARGUMENT_INVALID' });
  await assert.rejects(foz(create, ['x'], {}), { code: 'ARGUMENT_INVALID', message: /--role/ });
  await assert.rejects(foz(create, ['x'], { role: ['king'] }), { code: 'ARGUMENT_INVALID' });
  await assert.rejects(foz(create, ['a b'], { role: ['reader'] }), { code: 'ARGUMENT_INVALID' });
  await assert.rejects(foz(create, ['deadbeef'], { role: ['reader'] }), { code: 'ARGUMENT_INVALID' }, 'it could be an id');
  const other = String((await foz(create, ['other'], { role: ['reader'] })).value['id']);
  await using opened = await sqliteCatalogStore({ path: file });
  const named = { digest: 'f'.repeat(64), name: other, roles: ['reader'], createdAt: 1, expiresAt: null } as const;
  await opened.tokens.createToken(named, 'foz');
  await assert.rejects(foz(revoke, [other]), ({ code, context }) => code === 'ARGUMENT_INVALID' && /more digits/.test(context.expected));
});

test('the rules are the same from the database, in a file, and over HTTP, where it takes an operator', async () => {
  await prepared();
  configured(`{ kind: embedded, store: "sqlite:${file}", policy: ${policy} }`);
  const { value, code } = await foz(rules, []);
  assert.equal(code, 0);
  const tables = value['tables'];
  assert.ok(Array.isArray(tables));
  assert.deepEqual(tables[0], { user: '^(officer)$', privileges: ['SELECT'] });
  const users = tables.filter(isRecord).find((rule) => rule['table'] === '^users$');
  assert.deepEqual(users?.['schema'], '^(raw)$');
  assert.match(JSON.stringify(users?.['columns']), /^\[\{"name":"email","mask":"IF\(length/);
  const out = join(folder, 'rules.json');
  const written = await foz(rules, [], { out });
  assert.deepEqual(JSON.parse(readFileSync(out, 'utf8')), value);
  assert.deepEqual(written.value['notes'], []);
  const { value: operator } = await foz(create, ['ops'], { role: ['operator'] });
  const { value: reader } = await foz(create, ['bi'], { role: ['reader'] });
  await using store = await sqliteCatalogStore({ path: file });
  const { config } = loadConfig(join(folder, 'foz.yaml'), folder);
  assert.equal(config.catalog.kind, 'embedded');
  const objectStore = filesystemStore({ root: join(folder, 'lake') });
  const served = await serveCatalog({
    port: 0,
    store,
    objectStore,
    ...(config.catalog.kind === 'embedded' ? { policy: config.catalog.policy } : {}),
  });
  try {
    configured(`{ kind: rest, url: "${served.url}", token: "${String(operator['token'])}" }`);
    assert.deepEqual((await foz(rules, [])).value, value);
    configured(`{ kind: rest, url: "${served.url}", oauth: { clientId: ops, clientSecret: "${String(operator['token'])}" } }`);
    assert.deepEqual((await foz(rules, [])).value, value);
    configured(`{ kind: rest, url: "${served.url}", token: "${String(reader['token'])}" }`);
    await assert.rejects(foz(rules, []), { code: 'CATALOG_REFUSED', message: /needs the role operator/ });
  } finally {
    await served.close();
  }
});

test('foz check says what keeps a catalog from listening, and tokens that travel in clear', async () => {
  const codes = async (catalog: string) => {
    configured(catalog);
    return (await checkCatalogAccess(loadConfig(join(folder, 'foz.yaml'), folder))).map(({ code, severity }) => `${severity} ${code}`);
  };
  const empty = `store: "sqlite:${join(folder, 'none.sqlite')}"`;
  assert.deepEqual(await codes(`{ kind: embedded, ${empty} }`), []);
  assert.deepEqual(await codes(`{ kind: embedded, listen: "0.0.0.0:8181", ${empty} }`), ['error CATALOG_OPEN']);
  assert.deepEqual(await codes(`{ kind: embedded, listen: "0.0.0.0:8181", store: "sqlite:${file}" }`), ['warning CATALOG_TOKENS_IN_CLEAR']);
  assert.deepEqual(await codes('{ kind: rest, url: "http://127.0.0.1:8181", token: abc }'), []);
  assert.deepEqual(await codes('{ kind: rest, url: "https://lake.example.org", token: abc }'), []);
  assert.deepEqual(await codes('{ kind: rest, url: "http://lake.example.org", token: abc }'), ['warning CATALOG_TOKENS_IN_CLEAR']);
});

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import test from 'node:test';
import { configOptions, configSchema } from '../../cli/config.ts';
import { closest } from '../../runtime/config-problems.ts';
import { parseConfig, problemText, type ConfigProblem } from '../../runtime/config-file.ts';

const minimal = `kafka:
  brokers: [127.0.0.1:9092]
lake:
  store:
    kind: filesystem
    path: lake
sync:
  tables:
    - topic: pg.public.users
`;

const files: Readonly<Record<string, string>> = { 'secrets/key': 'from-a-file\n' };

function readFile(path: string): string {
  const content = files[path];
  if (content === undefined) throw new Error(`no such file: ${path}`);
  return content;
}

function parse(text: string, env: Readonly<Record<string, string>> = {}) {
  return parseConfig({ file: 'foz.yaml', text, env, readFile }, configOptions);
}

function valid(text: string, env: Readonly<Record<string, string>> = {}) {
  const outcome = parse(text, env);
  assert.equal(outcome.kind, 'valid', outcome.kind === 'invalid' ? outcome.problems.map(problemText).join('\n') : '');
  return outcome;
}

function problems(text: string, env: Readonly<Record<string, string>> = {}): readonly ConfigProblem[] {
  const outcome = parse(text, env);
  assert.equal(outcome.kind, 'invalid');
  return outcome.problems;
}

test('a minimal file is filled with defaults in base units', () => {
  const { value } = valid(minimal);
  assert.equal(value.sync.freshness, 5000);
  assert.equal(value.sync.commit.maxBytes, 64 * 1024 * 1024);
  assert.equal(value.sync.commit.maxRows, 500_000);
  assert.equal(value.sync.memory.chunk, 12 * 1024 * 1024);
  assert.equal(value.catalog.kind, 'embedded');
  if (value.catalog.kind === 'embedded') assert.deepEqual(value.catalog.store, { kind: 'sqlite', path: '.foz/catalog.sqlite' });
  assert.deepEqual(value.lake.store, { kind: 'filesystem', path: 'lake' });
  assert.equal(value.kafka.ssl, undefined);
  assert.equal(value.connectors.postgres, undefined);
});

test('the value is frozen to its leaves', () => {
  const { value } = valid(minimal);
  for (const part of [value, value.sync, value.sync.commit, value.sync.tables, value.sync.tables[0], value.lake.store]) {
    assert.ok(Object.isFrozen(part));
  }
});

test('every problem is reported together, in file order, with line and column', () => {
  const found = problems(`kafka:
  brokers: 127.0.0.1:9092
  grupId: x
lake:
  store:
    kind: s4
    bucket: b
sync:
  freshness: 5 seconds
  commit:
    maxRows: 0
  tables:
    - tpoic: a
http:
  listen: nowhere
`);
  const places = found.map(({ line, column, path }) => `${line}:${column} ${path}`);
  assert.deepEqual(places, [
    '2:3 kafka.brokers',
    '3:3 kafka',
    '5:3 lake.store',
    '9:3 sync.freshness',
    '11:5 sync.commit.maxRows',
    '13:7 sync.tables.0',
    '13:7 sync.tables.0',
    '15:3 http.listen',
  ]);
  const text = found.map(problemText).join('\n');
  assert.match(text, /foz\.yaml:3:3 {2}kafka\.grupId is not a setting/);
  assert.match(text, /did you mean groupId\?/);
  assert.match(text, /did you mean topic\?/);
  assert.match(text, /expected: kind: s3 or filesystem\n {4}found: {4}kind: "s4"\n {4}mend: {5}did you mean kind: s3\?/);
  assert.match(text, /expected: a duration such as 500ms, 5s, 10m, 1h or 7d\n {4}found: {4}"5 seconds" \(text\)/);
});

test('a missing setting is named where its group stands', () => {
  const [first, ...others] = problems(minimal.replace('    path: lake\n', ''));
  assert.deepEqual(others, []);
  assert.equal(first?.message, 'lake.store.path is missing (Directory; created when absent)');
  assert.equal(first?.line, 4);
});

test('settings that do not exist leave the rest to look at, any other mistake does not', () => {
  const stray = parse(`${minimal}lakes: 1\n`);
  assert.ok(stray.kind === 'invalid');
  assert.deepEqual(stray.rest?.value, valid(minimal).value);
  const wrong = parse(`${minimal}lakes: 1\nhttp:\n  listen: nowhere\n`);
  assert.ok(wrong.kind === 'invalid' && wrong.rest === null);
});

test('bad YAML, duplicate keys among it, is reported with its line', () => {
  assert.equal(problems('kafka:\n  brokers: [a:1\nlake: {}\n')[0]?.line, 3);
  assert.match(problems('kafka: {}\nkafka: {}\n')[0]?.message ?? '', /unique/i);
});

test('an empty file, a list and a prototype key are problems, not crashes', () => {
  assert.ok(problems('').length >= 3);
  assert.ok(problems('- a\n- b\n').length >= 1);
  assert.ok(problems(`${minimal}__proto__:\n  polluted: true\n`).some((problem) => problem.message.includes('__proto__ is not a setting')));
  assert.equal(Reflect.get({}, 'polluted'), undefined);
});

test('a group whose lines are all commented out is absent', () => {
  assert.equal(valid(`${minimal}  commit:\n  #  maxRows: 5\nhttp:\n`).value.sync.commit.maxRows, 500_000);
});

const withSecrets = `${minimal}sources:
  postgres:
    host: db
    port: \${env:PG_PORT}
    database: app
    user: \${env:PG_USER}
    password: \${env:PG_PASSWORD}
catalog:
  kind: rest
  url: https://\${env:CATALOG_HOST}/v1
  token: \${file:secrets/key}
`;

test('references are filled in, numbers where the setting is a number', () => {
  const env = { PG_PORT: '5433', PG_USER: '12345', PG_PASSWORD: 'hunter2!!', CATALOG_HOST: 'catalog' };
  const { value, secrets } = valid(withSecrets, env);
  assert.equal(value.sources.postgres?.port, 5433);
  assert.equal(value.sources.postgres?.user, '12345');
  assert.equal(value.sources.postgres?.password?.reveal(), 'hunter2!!');
  assert.equal(value.catalog.kind === 'rest' && value.catalog.url, 'https://catalog/v1');
  assert.equal(value.catalog.kind === 'rest' && value.catalog.token?.reveal(), 'from-a-file');
  assert.deepEqual(secrets.map((known) => known.reveal()).toSorted(), ['from-a-file', 'hunter2!!']);
});

test('a secret prints as [redacted] however it is printed', () => {
  const env = { PG_PORT: '5433', PG_USER: 'u', PG_PASSWORD: 'hunter2!!', CATALOG_HOST: 'catalog' };
  const { value } = valid(withSecrets, env);
  const printed = [JSON.stringify(value), inspect(value, { depth: 9, showHidden: true }), String(value.sources.postgres?.password)].join(
    '\n',
  );
  assert.doesNotMatch(printed, /hunter2|from-a-file/);
  assert.match(printed, /\[redacted\]/);
});

test('each unset variable and unreadable file is a problem of its own, reported once', () => {
  const found = problems(withSecrets.replace('secrets/key', 'secrets/none'), { PG_PORT: '5433', PG_USER: '' });
  assert.deepEqual(
    found.map(({ line, message }) => `${line} ${message}`),
    [
      '15 sources.postgres.user: the environment variable PG_USER has no value',
      '16 sources.postgres.password: the environment variable PG_PASSWORD has no value',
      '19 catalog.url: the environment variable CATALOG_HOST has no value',
      '20 catalog.token: the file secrets/none could not be read',
    ],
  );
});

test('the value of a reference is not shown in a problem', () => {
  const [problem] = problems(minimal.replace('127.0.0.1:9092', '"${env:BROKER}"'), { BROKER: 'top-secret-host' });
  assert.equal(problem?.found, '${env:BROKER}');
  assert.equal(problem?.line, 2);
});

test('$${ writes a literal ${', () => {
  const { value } = valid(minimal.replace('path: lake', () => 'path: "a$${b}"'));
  assert.equal(value.lake.store.kind === 'filesystem' && value.lake.store.path, 'a${b}');
});

test('close names are suggested, far ones are not', () => {
  assert.equal(closest('bukcet', ['bucket', 'prefix']), 'bucket');
  assert.equal(closest('brokrs', ['brokers', 'clientId']), 'brokers');
  assert.equal(closest('zebra', ['bucket', 'prefix']), undefined);
});

test('the committed JSON Schema is the one the tables make (npm run schema)', () => {
  const committed: unknown = JSON.parse(readFileSync(new URL('../../cli/foz.schema.json', import.meta.url), 'utf8'));
  assert.deepEqual(committed, JSON.parse(JSON.stringify(configSchema())));
});

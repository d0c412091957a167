// No container engine runs where this is developed: the compose file is held to the specification by a schema of the part
// it uses, and to itself by what a schema cannot say.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { configOptions } from '../../cli/config.ts';
import { propertiesText, ridesAgentProperties, ridesDefaults, ridesDriverConfig } from '../../connectors/rides.ts';
import { parseConfig, problemText } from '../../runtime/config-file.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const textOf = (path: string): string => readFileSync(join(root, path), 'utf8');

interface Service {
  readonly image: string;
  readonly build?: { readonly context: string; readonly dockerfile: string; readonly target?: string };
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: unknown;
  readonly restart: string;
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

const validate = new Ajv({ allErrors: true, strict: true, strictTuples: false }).compile<Compose>(
  JSON.parse(textOf('tests/unit/compose-schema.json')),
);

function composeOf(text: string): Compose {
  const document: unknown = parse(text, { merge: true });
  assert.ok(validate(document), JSON.stringify(validate.errors, null, 1));
  return document;
}

const compose = composeOf(textOf('docker-compose.yml'));
const services = Object.entries(compose.services);

/** Names of environment variables that the compose file wants, and whether it refuses to start without. */
function variablesOf(text: string): Map<string, boolean> {
  return new Map([...text.matchAll(/\$\{([A-Z0-9_]+)(:\?[^}]+)?\}/g)].map(([, name = '', required]) => [name, required !== undefined]));
}

test('docker-compose.yml holds to the schema, and the schema refuses what it should', () => {
  const text = textOf('docker-compose.yml');
  const broken = [
    text.replace('127.0.0.1:29092:29092', '29092:29092'),
    text.replace('127.0.0.1:29092:29092', '0.0.0.0:29092:29092'),
    text.replace('condition: service_healthy', 'condition: service_wishful'),
    text.replace('healthcheck:', 'healtcheck:'),
    text.replace("KAFKA_NODE_ID: '1'", 'KAFKA_NODE_ID: 1'),
  ];
  for (const mutant of broken) {
    assert.notEqual(mutant, text);
    assert.equal(validate(parse(mutant, { merge: true })), false);
  }
});

test('the stack is whole: sources, Debezium, Kafka, object store, Foz, Trino', () => {
  for (const name of ['kafka', 'connect', 'postgres', 'cassandra', 'cassandra-agent', 'minio', 'trino', 'foz']) {
    assert.ok(compose.services[name], `${name} is missing`);
  }
});

test('every image is pinned to a release', () => {
  for (const [name, { image }] of services) {
    assert.match(image, /^[a-z0-9./-]+:[A-Za-z0-9._-]*[0-9][A-Za-z0-9._-]*$/, `${name}: ${image}`);
    assert.doesNotMatch(image, /:(latest|stable|main|edge)$/);
  }
});

test('dependencies exist, can be met, and make no circle', () => {
  for (const [name, service] of services) {
    for (const [dependency, { condition }] of Object.entries(service.depends_on ?? {})) {
      const other = compose.services[dependency];
      assert.ok(other, `${name} depends on ${dependency}, which does not exist`);
      if (condition === 'service_healthy') assert.ok(other.healthcheck, `${name} waits for ${dependency}, which has no healthcheck`);
      else assert.equal(other.restart, 'no', `${name} waits for the end of ${dependency}, which restarts for ever`);
    }
  }
  const walk = (name: string, path: readonly string[]): void => {
    assert.ok(!path.includes(name), `circle: ${[...path, name].join(' → ')}`);
    for (const next of Object.keys(compose.services[name]?.depends_on ?? {})) walk(next, [...path, name]);
  };
  for (const [name] of services) walk(name, []);
});

test('everything that keeps running has a healthcheck', () => {
  for (const [name, { restart, healthcheck }] of services) if (restart !== 'no') assert.ok(healthcheck, name);
});

test('volumes are declared and used, mounted files and Dockerfiles exist', () => {
  const used = new Set<string>();
  for (const [name, service] of services) {
    for (const volume of service.volumes ?? []) {
      const [source = ''] = volume.split(':');
      if (source.startsWith('.')) assert.ok(existsSync(join(root, source)), `${name} mounts ${source}, which does not exist`);
      else used.add(source);
    }
    if (service.build) assertDockerfile(service.build);
  }
  assert.deepEqual([...used].toSorted(), Object.keys(compose.volumes).toSorted());
});

function assertDockerfile({ dockerfile, target }: NonNullable<Service['build']>): void {
  const text = textOf(dockerfile);
  if (target !== undefined) assert.match(text, new RegExp(`^FROM \\S+ AS ${target}$`, 'm'));
  const stages = new Set([...text.matchAll(/ AS (\S+)$/gm)].map(([, stage]) => stage));
  for (const [, base = ''] of text.matchAll(/^FROM (\S+)/gm))
    assert.ok(stages.has(base) || /:.*[0-9]/.test(base), `${dockerfile}: ${base} is not pinned`);
  for (const [, source = ''] of text.matchAll(/^COPY (?!--from)(\S+) /gm))
    assert.ok(existsSync(join(root, source)), `${dockerfile}: ${source}`);
}

test('host ports are published once', () => {
  const ports = services.flatMap(([, { ports: published }]) => (published ?? []).map((port) => port.split(':')[1]));
  assert.equal(new Set(ports).size, ports.length);
});

test('no password has a default, and the example names every variable without a value', () => {
  const wanted = variablesOf(textOf('docker-compose.yml'));
  const example = new Map(
    textOf('containers/env.example')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => [line.split('=')[0] ?? '', line.slice(line.indexOf('=') + 1)]),
  );
  assert.deepEqual([...example.keys()].toSorted(), [...wanted.keys()].toSorted());
  for (const [name, isRequired] of wanted) assert.ok(isRequired && example.get(name) === '', name);
  for (const [name, { environment }] of services) {
    for (const [key, value] of Object.entries(environment ?? {})) {
      if (/PASSWORD|SECRET|_TOKEN$/.test(key)) assert.match(value, /^\$\{[A-Z0-9_]+:\?[^}]+\}$/, `${name}.${key}`);
    }
  }
});

test('the configuration of Foz in the container is valid, and its variables are handed over', () => {
  const text = textOf('containers/foz.yaml');
  const env = Object.fromEntries([...text.matchAll(/\$\{env:([A-Z0-9_]+)\}/g)].map(([, name = '']) => [name, 'x']));
  const outcome = parseConfig({ file: 'containers/foz.yaml', text, env, readFile: () => '' }, configOptions);
  assert.equal(outcome.kind, 'valid', outcome.kind === 'invalid' ? outcome.problems.map(problemText).join('\n') : '');
  for (const name of ['foz', 'topics']) {
    const given = Object.keys(compose.services[name]?.environment ?? {});
    assert.deepEqual(
      Object.keys(env).filter((variable) => !given.includes(variable)),
      [],
      name,
    );
  }
});

test('the agent in the container runs with the properties that connectors/ makes', () => {
  const properties = ridesAgentProperties({
    ...ridesDefaults,
    kafkaBootstrap: 'kafka:9092',
    paths: {
      cassandraYaml: '/etc/cassandra/cassandra.yaml',
      driverConfig: '/etc/agent/driver.json',
      offsets: '/var/lib/agent/offsets',
      relocation: '/var/lib/agent/relocation',
    },
  });
  assert.equal(textOf('containers/agent.properties'), propertiesText(properties));
  const driver = ridesDriverConfig({ contactPoint: 'cassandra:9042', localDataCenter: 'datacenter1' });
  assert.deepEqual(JSON.parse(textOf('containers/driver.json')), JSON.parse(driver));
});

test('hosts that the configurations name are services', () => {
  const texts = ['containers/foz.yaml', 'containers/agent.properties', 'containers/driver.json', 'containers/trino/lake.properties'].map(
    textOf,
  );
  const hosts = new Set(
    texts.flatMap((text) => [...text.matchAll(/\b([a-z][a-z-]*):(?:9092|9000|9042|8083|8181|5432)\b/g)].map(([, host = '']) => host)),
  );
  assert.ok(hosts.size >= 4);
  assert.deepEqual(
    [...hosts].filter((host) => !compose.services[host]),
    [],
  );
});

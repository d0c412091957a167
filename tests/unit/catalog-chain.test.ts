// The catalog's own check of the offset chain (I2): a worker that forgot to look cannot make a duplicate or a gap.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { Catalog, TableIdent } from '../../catalog/catalog.ts';
import { memoryCatalog } from '../../catalog/memory-catalog.ts';
import { catalogServices } from '../../catalog/service/catalog-services.ts';
import { storePlaces } from '../../catalog/service/object-stores.ts';
import { ownContext } from '../../catalog/service/request-context.ts';
import { memoryCatalogStore } from '../../catalog/store/memory-catalog-store.ts';
import type { TableCommit } from '../../lake/iceberg/commit.ts';
import { mainSnapshot, type TableMetadata } from '../../lake/iceberg/metadata.ts';
import { chainProperty, chainText, extendChain, readChain, spansText, summaryKeys, type OffsetSpan } from '../../lake/raw/offset-chain.ts';
import { memoryStore } from '../../lake/store/memory-store.ts';
import { systemClock } from '../../runtime/clock.ts';
import { silentLogger } from '../../runtime/log.ts';

const ident: TableIdent = { namespace: ['raw'], name: 'users' };
const schema = { type: 'struct', 'schema-id': 0, fields: [{ id: 1, name: 'a', required: false, type: 'long' }] } as const;

interface NewTable {
  readonly catalog: Catalog;
  readonly metadata: TableMetadata;
  /** Points the table to another metadata file of it; what the refusal says, or null. */
  readonly register: (metadataLocation: string, name?: string) => Promise<string | null>;
}

async function newTable(): Promise<NewTable> {
  const [store, objectStore] = [memoryCatalogStore(), memoryStore('lake')];
  const catalog = memoryCatalog({ store, objectStore });
  const { tables } = catalogServices({ store, places: storePlaces({ objectStore }), clock: systemClock, logger: silentLogger });
  await catalog.ensureNamespace(ident.namespace);
  const created = await catalog.createTable(ident, { schema });
  assert.equal(created.kind, 'committed');
  const register = async (metadataLocation: string, name = ident.name): Promise<string | null> => {
    const answer = await tables.register(ident.namespace, { name, metadataLocation, isOverwrite: true }, ownContext);
    return answer.kind === 'ok' ? null : answer.message;
  };
  return { catalog, metadata: created.table.metadata, register };
}

async function locationNow(catalog: Catalog): Promise<string> {
  return (await catalog.loadTable(ident))?.metadataLocation ?? assert.fail();
}

const span = (partition: number, from: number, to: number): OffsetSpan => ({ topicId: 'T', partition, from: BigInt(from), to: BigInt(to) });

interface Chained {
  readonly commitId: string;
  readonly spans: readonly OffsetSpan[];
  readonly clusterId?: string;
  /** What the worker believes the table's chain to be; the table's own by default. */
  readonly base?: TableMetadata;
  readonly next?: string;
  readonly resume?: string;
}

/** The commit that a worker makes on `metadata`, or on what it remembers of it. */
function chained(metadata: TableMetadata, { commitId, spans, clusterId = 'C', base = metadata, next, resume }: Chained): TableCommit {
  const state = readChain(base);
  const chain = extendChain(state.kind === 'valid' ? state.chain : null, spans, commitId, clusterId, null);
  const parent = mainSnapshot(metadata)?.['snapshot-id'] ?? null;
  const id = Number(metadata['last-sequence-number']) + 1;
  const snapshot = {
    'snapshot-id': id,
    ...(parent === null ? {} : { 'parent-snapshot-id': parent }),
    'sequence-number': id,
    'timestamp-ms': id,
    'manifest-list': `memory://lake/snap-${id}`,
    summary: {
      operation: 'append',
      [summaryKeys.commitId]: commitId,
      [summaryKeys.offsets]: spansText(spans),
      ...(resume === undefined ? {} : { [summaryKeys.resume]: resume }),
    },
  };
  return {
    requirements: [
      { type: 'assert-table-uuid', uuid: metadata['table-uuid'] },
      { type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': parent },
    ],
    updates: [
      { action: 'add-snapshot', snapshot },
      { action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': id },
      { action: 'set-properties', updates: { [chainProperty]: next ?? chainText(chain) } },
    ],
  };
}

function set(value: string): TableCommit['updates'][number] {
  return { action: 'set-properties', updates: { [chainProperty]: value } };
}

async function commit(catalog: Catalog, one: TableCommit): Promise<TableMetadata> {
  const outcome = await catalog.commitTable(ident, one);
  assert.equal(outcome.kind, 'committed', outcome.kind === 'committed' ? '' : outcome.message);
  return outcome.table.metadata;
}

async function conflict(catalog: Catalog, one: TableCommit): Promise<string> {
  const before = await catalog.loadTable(ident);
  const outcome = await catalog.commitTable(ident, one);
  assert.equal(outcome.kind, 'conflict');
  assert.deepEqual(await catalog.loadTable(ident), before, 'a refused commit changes nothing');
  return outcome.message;
}

test('I2: a commit that continues every partition it touches is taken, a first one may begin anywhere', async () => {
  const { catalog, metadata } = await newTable();
  const one = await commit(catalog, chained(metadata, { commitId: 'c1', spans: [span(0, 100, 110)] }));
  const two = await commit(catalog, chained(one, { commitId: 'c2', spans: [span(0, 110, 115), span(3, 7, 9)] }));
  const state = readChain(two);
  assert.deepEqual(state.kind === 'valid' ? [...(state.chain.next.get('T') ?? [])] : [], [
    [0, 115n],
    [3, 9n],
  ]);
});

test('I2: the same records again are refused although the base snapshot was refreshed, and the offsets are named', async () => {
  const { catalog, metadata } = await newTable();
  const one = await commit(catalog, chained(metadata, { commitId: 'c1', spans: [span(0, 0, 10)] }));
  const message = await conflict(catalog, chained(one, { commitId: 'c2', spans: [span(0, 0, 10)], base: metadata }));
  assert.match(message, /\[0, 10\) of topic T partition 0/);
  assert.match(message, /next offset is 10/);
});

test('I2: a gap is refused', async () => {
  const { catalog, metadata } = await newTable();
  const one = await commit(catalog, chained(metadata, { commitId: 'c1', spans: [span(0, 0, 10)] }));
  assert.match(await conflict(catalog, chained(one, { commitId: 'c2', spans: [span(0, 12, 20)] })), /\[12, 20\)/);
});

test('I2: a chain that says something else than the offsets committed is refused', async () => {
  const { catalog, metadata } = await newTable();
  const one = await commit(catalog, chained(metadata, { commitId: 'c1', spans: [span(0, 0, 10), span(1, 0, 5)] }));
  const forgetful = chainText({ commitId: 'c2', clusterId: 'C', next: new Map([['T', new Map([[0, 20n]])]]), records: null, rereads: 0 });
  await conflict(catalog, chained(one, { commitId: 'c2', spans: [span(0, 10, 20)], next: forgetful }));
  const ahead = chainText(extendChain(null, [span(0, 10, 25), span(1, 0, 5)], 'c2', 'C', null));
  await conflict(catalog, chained(one, { commitId: 'c2', spans: [span(0, 10, 20)], next: ahead }));
  await conflict(catalog, chained(one, { commitId: 'c2', spans: [span(0, 10, 20)], next: 'not json' }));
});

test('I4: offsets that are set back are counted, and a commit that does not know of it is refused though its offsets fit', async () => {
  const { catalog, metadata } = await newTable();
  const one = await commit(catalog, chained(metadata, { commitId: 'c1', spans: [span(0, 0, 10)] }));
  const two = await commit(catalog, chained(one, { commitId: 'c2', spans: [span(0, 10, 20)] }));
  assert.doesNotMatch(two.properties[chainProperty] ?? '', /rereads/, 'nothing is said of what never was');
  const back = await commit(catalog, chained(two, { commitId: 'c3', spans: [span(0, 20, 10)], resume: 'reread' }));
  const state = readChain(back);
  assert.deepEqual([state.kind, state.kind === 'valid' && state.chain.rereads], ['valid', 1]);
  await conflict(catalog, chained(back, { commitId: 'c4', spans: [span(0, 10, 20)], base: one }));
  const again = readChain(await commit(catalog, chained(back, { commitId: 'c5', spans: [span(0, 10, 20)] })));
  assert.equal(again.kind === 'valid' && again.chain.rereads, 1);
  for (const wrong of ['-1', '1.5', '"1"'])
    assert.equal(
      readChain({ ...two, properties: { [chainProperty]: `{"commitId":"c2","clusterId":"C","next":{},"rereads":${wrong}}` } }).kind,
      'broken',
    );
});

test('I6: a commit from another cluster is refused', async () => {
  const { catalog, metadata } = await newTable();
  const one = await commit(catalog, chained(metadata, { commitId: 'c1', spans: [span(0, 0, 10)] }));
  await conflict(catalog, chained(one, { commitId: 'c2', spans: [span(0, 10, 20)], clusterId: 'other' }));
});

test('I1: the chain moves only with a snapshot that carries offsets, and is never removed', async () => {
  const { catalog, metadata } = await newTable();
  const one = await commit(catalog, chained(metadata, { commitId: 'c1', spans: [span(0, 0, 10)] }));
  const later = chainText(extendChain(null, [span(0, 0, 99)], 'c1', 'C', null));
  await conflict(catalog, { requirements: [], updates: [{ action: 'set-properties', updates: { [chainProperty]: later } }] });
  await conflict(catalog, { requirements: [], updates: [{ action: 'remove-properties', removals: [chainProperty] }] });
  assert.equal(one.properties[chainProperty], (await catalog.loadTable(ident))?.metadata.properties[chainProperty]);
});

test('I7: of several values of the chain in one commit, or several snapshots, none is taken: what is judged is what comes to be', async () => {
  const { catalog, metadata } = await newTable();
  const one = await commit(catalog, chained(metadata, { commitId: 'c1', spans: [span(0, 0, 10)] }));
  const { [chainProperty]: asIs = '' } = one.properties;
  const ahead = chainText(extendChain(null, [span(0, 0, 999)], 'c1', 'C', null));
  assert.match(await conflict(catalog, { requirements: [], updates: [set(asIs), set(ahead)] }), /foz\.next is set 2 times/);
  const legal = chained(one, { commitId: 'c2', spans: [span(0, 10, 20)] });
  assert.match(await conflict(catalog, { ...legal, updates: [...legal.updates, set(ahead)] }), /foz\.next is set 2 times/);

  const second = legal.updates.flatMap((update) =>
    update.action === 'add-snapshot' ? [{ ...update, snapshot: { ...update.snapshot, 'snapshot-id': 77, 'sequence-number': 3 } }] : [],
  );
  assert.equal(second.length, 1);
  const message = await conflict(catalog, { ...legal, updates: [...legal.updates, ...second] });
  assert.match(message, /must be the only one of its commit, not one of 2/);
  await commit(catalog, legal);
});

test("other writers' commits pass, and keep the chain", async () => {
  const { catalog, metadata } = await newTable();
  const one = await commit(catalog, chained(metadata, { commitId: 'c1', spans: [span(0, 0, 10)] }));
  const foreign = {
    'snapshot-id': 8269702249027976535n,
    'parent-snapshot-id': 1,
    'sequence-number': 2,
    'timestamp-ms': 5,
    'manifest-list': 'memory://lake/x',
    summary: { operation: 'replace' },
  };
  const two = await commit(catalog, {
    requirements: [{ type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': 1 }],
    updates: [
      { action: 'add-snapshot', snapshot: foreign },
      { action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': foreign['snapshot-id'] },
    ],
  });
  assert.equal(two.properties[chainProperty], one.properties[chainProperty]);
  const third = { ...foreign, 'snapshot-id': 3, 'parent-snapshot-id': foreign['snapshot-id'], 'sequence-number': 3 };
  const fourth = { ...foreign, 'snapshot-id': 4, 'parent-snapshot-id': 3, 'sequence-number': 4 };
  const three = await commit(catalog, {
    requirements: [],
    updates: [
      { action: 'add-snapshot', snapshot: third },
      { action: 'add-snapshot', snapshot: fourth },
      { action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': 4 },
      { action: 'set-properties', updates: { ...two.properties, theirs: '1' } },
    ],
  });
  assert.equal(three.properties['theirs'], '1');
  await commit(catalog, chained(three, { commitId: 'c2', spans: [span(0, 10, 11)] }));
});

test('I1: behind an expired parent the chain counts only while the table holds the rows its commit left', async () => {
  const { metadata } = await newTable();
  const after = (oldest: Readonly<Record<string, string>>): TableMetadata => ({
    ...metadata,
    properties: { [chainProperty]: chainText(extendChain(null, [span(0, 0, 10)], 'c1', 'C', 10n)) },
    snapshots: [
      {
        'snapshot-id': 9,
        'parent-snapshot-id': 8,
        'sequence-number': 9,
        'timestamp-ms': 9,
        'manifest-list': 'memory://lake/snap-9',
        summary: { operation: 'replace', ...oldest },
      },
    ],
    refs: { main: { 'snapshot-id': 9, type: 'branch' } },
  });
  const kind = (oldest: Readonly<Record<string, string>>) => readChain(after(oldest)).kind;
  assert.equal(kind({ 'total-records': '10', 'added-records': '10', 'deleted-records': '10' }), 'valid', 'a compaction');
  assert.equal(kind({ 'total-records': '14', 'added-records': '4' }), 'valid', 'rows that another writer added');
  assert.equal(kind({ 'total-records': '7', 'added-records': '7', 'deleted-records': '7' }), 'broken', 'rolled back, then compacted');
  assert.equal(kind({}), 'broken', 'a summary that does not count');
  const state = readChain(after({ 'total-records': '7' }));
  assert.match(state.kind === 'broken' ? state.reason : '', /left 10 rows.*began with 7/);
});

test('I1: a chain that counts other rows than its snapshot is refused', async () => {
  const { catalog, metadata } = await newTable();
  const lying = chainText(extendChain(null, [span(0, 0, 10)], 'c1', 'C', 10n));
  assert.match(await conflict(catalog, chained(metadata, { commitId: 'c1', spans: [span(0, 0, 10)], next: lying })), /10 rows/);
});

test('I4: a metadata file that takes offsets or the sequence number back is not registered over its table; what goes forward is', async () => {
  const { catalog, metadata, register } = await newTable();
  const empty = await locationNow(catalog);
  const one = await commit(catalog, chained(metadata, { commitId: 'c1', spans: [span(0, 0, 10)] }));
  const first = await locationNow(catalog);
  const two = await commit(catalog, chained(one, { commitId: 'c2', spans: [span(0, 10, 20), span(1, 5, 9)] }));
  const second = await locationNow(catalog);
  const refused = async (location: string, reason: RegExp): Promise<void> => {
    const before = await locationNow(catalog);
    const message = (await register(location)) ?? assert.fail('it was registered');
    assert.match(message, reason);
    assert.match(message, /foz table rollback raw\.users .*foz resume raw\.users --reread/);
    assert.equal(await locationNow(catalog), before);
  };
  await refused(first, /next offset of topic T partition 0 is 20, there 10\./);
  await refused(empty, /no offset chain/);
  assert.equal(await register(second), null, 'the file that it has');
  await commit(catalog, { requirements: [], updates: [{ action: 'set-properties', updates: { theirs: '1' } }] });
  assert.equal(await register(second), null, 'properties alone may go back');

  const back = await commit(catalog, chained(two, { commitId: 'c3', spans: [span(0, 20, 10)], resume: 'reread' }));
  const reread = await locationNow(catalog);
  await refused(second, /set offsets back 1 times, there 0 times/);
  const compacted = {
    'snapshot-id': 77,
    'parent-snapshot-id': mainSnapshot(back)?.['snapshot-id'] ?? 0,
    'sequence-number': 4,
    'timestamp-ms': 9,
    'manifest-list': 'memory://lake/snap-77',
    summary: { operation: 'replace' },
  };
  await commit(catalog, { requirements: [], updates: [{ action: 'add-snapshot', snapshot: compacted }] });
  await refused(reread, /last sequence number is 4, there 3/);
});

test('I4: a pointer that an old copy brought back goes forward by register, also over offsets that were set back since', async () => {
  const { catalog, metadata, register } = await newTable();
  const one = await commit(catalog, chained(metadata, { commitId: 'c1', spans: [span(0, 0, 10)] }));
  const first = await locationNow(catalog);
  await commit(catalog, chained(one, { commitId: 'c2', spans: [span(0, 10, 5)], resume: 'reread' }));
  const second = await locationNow(catalog);
  await catalog.dropTable(ident);
  assert.equal(await register(first), null, 'nothing is known of what was there');
  assert.equal(await register(second), null);
});

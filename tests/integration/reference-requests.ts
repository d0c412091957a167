// Requests of a foreign client, in order, for two catalogs to answer: every update and requirement of the protocol on tables
// of every format version, and what leads to a refusal. `$ROOT` stands for the warehouse.

export interface ReferenceRequest {
  readonly name: string;
  readonly method: 'GET' | 'HEAD' | 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
  /** Statuses, the reference's and ours, where they are two, and why. */
  readonly differs?: { readonly statuses: readonly [number, number]; readonly why: string };
}

type Differs = NonNullable<ReferenceRequest['differs']>;

const fails = (status: number): Differs => ({ statuses: [500, status], why: 'the reference fails on it' });

const fields = [
  { id: 7, name: 'id', required: true, type: 'long' },
  { id: 2, name: 'at', required: false, type: 'timestamptz' },
  { id: 3, name: 's', required: false, type: 'string', doc: 'some text' },
  { id: 4, name: 'st', required: false, type: { type: 'struct', fields: [{ id: 5, name: 'x', required: false, type: 'int' }] } },
  { id: 6, name: 'l', required: false, type: { type: 'list', 'element-id': 8, element: 'string', 'element-required': true } },
  {
    id: 9,
    name: 'm',
    required: false,
    type: { type: 'map', 'key-id': 10, key: 'string', 'value-id': 11, value: 'decimal(10, 2)', 'value-required': false },
  },
];
const schema = { type: 'struct', 'schema-id': 0, 'identifier-field-ids': [7], fields };
const daySpec = { 'source-id': 2, 'field-id': 1200, name: 'day', transform: 'day' };
const spec = { 'spec-id': 0, fields: [daySpec, { 'source-id': 7, 'field-id': 1300, name: 'id_bucket', transform: 'bucket[4]' }] };
const sortField = { 'source-id': 7, transform: 'identity', direction: 'asc', 'null-order': 'nulls-first' };
const order = { 'order-id': 1, fields: [sortField] };

/** Fields as the create has numbered them. */
const created = [
  { id: 1, name: 'id', required: true, type: 'long' },
  { id: 2, name: 'at', required: false, type: 'timestamptz' },
  { id: 3, name: 's', required: false, type: 'string', doc: 'some text' },
];

/** Digits beyond 2^53 stay exact. */
const long = 8269702249027976535n;

export function referenceRequests(): readonly ReferenceRequest[] {
  return [...namespaces, ...[1, 2, 3].flatMap((version) => [...rows(version), ...shapes(version), ...rest(version)]), ...names, ...ends];
}

const namespaces: readonly ReferenceRequest[] = [
  { name: 'create', method: 'POST', path: 'namespaces', body: { namespace: ['n'], properties: { location: '$ROOT/n', a: '1' } } },
  { name: 'create again', method: 'POST', path: 'namespaces', body: { namespace: ['n'] } },
  { name: 'get', method: 'GET', path: 'namespaces/n' },
  { name: 'get none', method: 'GET', path: 'namespaces/none' },
  { name: 'head none', method: 'HEAD', path: 'namespaces/none' },
  { name: 'list', method: 'GET', path: 'namespaces' },
  { name: 'list pages', method: 'GET', path: 'namespaces?pageToken=' },
  { name: 'set and remove', method: 'POST', path: 'namespaces/n/properties', body: { updates: { a: '2', b: '3' }, removals: ['c'] } },
  { name: 'set and remove one', method: 'POST', path: 'namespaces/n/properties', body: { updates: { a: '2' }, removals: ['a'] } },
  { name: 'set of none', method: 'POST', path: 'namespaces/none/properties', body: { updates: { a: '2' } } },
  { name: 'malformed', method: 'POST', path: 'namespaces', body: { name: 'x' }, differs: fails(400) },
].map((request): ReferenceRequest => ({ ...request, name: `namespace: ${request.name}` }) as ReferenceRequest);

interface TableRequests {
  readonly version: number;
  readonly table: string;
}

function creation({ version, table }: TableRequests, more: object = {}): ReferenceRequest {
  const properties = { 'format-version': String(version), p: 'q' };
  const body = { name: table, schema, location: `$ROOT/n/${table}`, 'partition-spec': spec, 'write-order': order, properties, ...more };
  return { name: `v${version}: create ${table}`, method: 'POST', path: 'namespaces/n/tables', body };
}

/** A commit a line: its name, updates, requirements, and where the catalogs part. */
type CommitLine = readonly [name: string, updates: readonly unknown[], requirements?: readonly unknown[], differs?: Differs];

function commits({ version, table }: TableRequests, lines: readonly CommitLine[]): readonly ReferenceRequest[] {
  return lines.map(([name, updates, requirements = [], differs]) => ({
    name: `v${version}: ${name}`,
    method: 'POST',
    path: `namespaces/n/tables/${table}`,
    body: { requirements, updates },
    ...(differs ? { differs } : {}),
  }));
}

function load({ version, table }: TableRequests, query = ''): ReferenceRequest {
  return { name: `v${version}: load ${table}${query}`, method: 'GET', path: `namespaces/n/tables/${table}${query}` };
}

const ref = (name: string, type: string, id: unknown, more: object = {}) => ({
  action: 'set-snapshot-ref',
  'ref-name': name,
  type,
  'snapshot-id': id,
  ...more,
});

const asserted = (name: string, id: unknown) => [{ type: 'assert-ref-snapshot-id', ref: name, 'snapshot-id': id }];

/** Snapshots, refs and what describes them. */
function rows(version: number): readonly ReferenceRequest[] {
  const it = { version, table: `rows${version}` };
  const add = (id: unknown, sequence: number, parent?: unknown) => ({
    action: 'add-snapshot',
    snapshot: {
      'snapshot-id': id,
      ...(version === 1 ? {} : { 'sequence-number': sequence }),
      ...(version === 3 ? { 'first-row-id': sequence - 1, 'added-rows': 1 } : {}),
      ...(parent === undefined ? {} : { 'parent-snapshot-id': parent }),
      'timestamp-ms': Date.now(),
      'manifest-list': `$ROOT/m/${String(id)}.avro`,
      summary: { operation: 'append', 'added-records': '1' },
      'schema-id': 0,
    },
  });
  const file = { 'snapshot-id': 2, 'statistics-path': '$ROOT/s.puffin', 'file-size-in-bytes': 10, 'file-footer-size-in-bytes': 5 };
  const blob = { type: 'apache-datasketches-theta-v1', 'snapshot-id': 2, 'sequence-number': 2, fields: [1], properties: { ndv: '1' } };
  return [
    { ...creation(it, { 'stage-create': true }), name: `v${version}: stage` },
    creation(it),
    { ...creation(it), name: `v${version}: create again` },
    load(it),
    ...commits(it, [
      ['no updates', []],
      ['append', [add(long, 1), ref('main', 'branch', long)], asserted('main', null)],
      ['append to it', [add(2, 2, long), ref('main', 'branch', 2)], asserted('main', long)],
      ['main moved', [], asserted('main', 1)],
      ['no such ref', [], asserted('nope', 1)],
      ['main exists', [], asserted('main', null)],
      ['tag', [ref('tag', 'tag', 2, { 'max-ref-age-ms': 1000 })]],
      ['tag again', [ref('tag', 'tag', 2, { 'max-ref-age-ms': 1000 })]],
      ['branch', [ref('branch', 'branch', long, { 'min-snapshots-to-keep': 2, 'max-snapshot-age-ms': 5 })]],
      ['ref to nothing', [ref('other', 'branch', 77)]],
    ]),
    load(it, '?snapshots=refs'),
    ...commits(it, [
      ['statistics', [{ action: 'set-statistics', 'snapshot-id': 2, statistics: { ...file, 'blob-metadata': [blob] } }]],
      ['statistics replaced', [{ action: 'set-statistics', statistics: { ...file, 'blob-metadata': [] } }]],
      [
        'partition statistics',
        [
          {
            action: 'set-partition-statistics',
            'partition-statistics': { 'snapshot-id': 2, 'statistics-path': '$ROOT/p', 'file-size-in-bytes': 1 },
          },
        ],
      ],
      ['statistics of none', [{ action: 'remove-statistics', 'snapshot-id': 5 }]],
      ['snapshot twice', [add(2, 9, 2)], [], { statuses: [400, 409], why: 'who sent it before may look, and find it' }],
      ['rollback', [ref('main', 'branch', long)]],
      ['branch removed', [{ action: 'remove-snapshot-ref', 'ref-name': 'branch' }]],
      ['no such ref removed', [{ action: 'remove-snapshot-ref', 'ref-name': 'none' }]],
      ['snapshots removed', [{ action: 'remove-snapshots', 'snapshot-ids': [2, 12345] }]],
      ['main removed', [{ action: 'remove-snapshot-ref', 'ref-name': 'main' }]],
    ]),
    ...(version === 1 ? [] : commits(it, [['sequence number of old', [add(3, 1, long), ref('main', 'branch', 3)]]])),
  ];
}

const addSpec = (...specFields: readonly object[]) => ({ action: 'add-spec', spec: { 'spec-id': 5, fields: specFields } });

const addOrder = (id: number, ...sortFields: readonly object[]) => ({
  action: 'add-sort-order',
  'sort-order': { 'order-id': id, fields: sortFields },
});

/** Schemas, partition specs, sort orders. */
function shapes(version: number): readonly ReferenceRequest[] {
  const it = { version, table: `shape${version}` };
  const wider = {
    type: 'struct',
    'schema-id': 1,
    'identifier-field-ids': [1],
    fields: [...created, { id: 20, name: 'n', required: false, type: 'int' }],
  };
  const withField = (field: object) => ({
    action: 'add-schema',
    schema: { ...wider, fields: [...wider.fields, { id: 30, required: false, ...field }] },
  });
  const day = { 'source-id': 2, 'field-id': 1000, name: 'day', transform: 'day' };
  const text = { 'source-id': 3, 'field-id': 1002, name: 's_start', transform: 'truncate[4]' };
  const bucket = { 'source-id': 1, 'field-id': 1001, name: 'id_bucket', transform: 'bucket[4]' };
  const newest = { action: 'set-default-spec', 'spec-id': -1 };
  const newestOrder = { action: 'set-default-sort-order', 'sort-order-id': -1 };
  return [
    creation(it),
    ...commits(it, [
      [
        'column added',
        [
          { action: 'add-schema', schema: wider, 'last-column-id': 20 },
          { action: 'set-current-schema', 'schema-id': -1 },
        ],
      ],
      ['no such schema', [{ action: 'set-current-schema', 'schema-id': 55 }]],
      ['no schema added', [{ action: 'set-current-schema', 'schema-id': -1 }]],
      ['variant', [withField({ name: 'v', type: 'variant' })], [], version < 3 ? fails(400) : undefined],
      ['nanoseconds', [withField({ name: 'v', type: 'timestamptz_ns' })], [], version < 3 ? fails(400) : undefined],
      [
        'default',
        [withField({ name: 'v', type: 'int', 'initial-default': 5, 'write-default': 6 })],
        [],
        version < 3 ? fails(400) : undefined,
      ],
      ['spec', [addSpec(day, bucket, text), newest]],
      ['spec with a void', [addSpec({ ...day, transform: 'void' }, bucket, text), newest]],
      ['spec of no column', [addSpec({ ...day, 'source-id': 99 })]],
      ['spec named as a column', [addSpec({ ...day, 'field-id': 1005, name: 's' })]],
      ['no such spec', [{ action: 'set-default-spec', 'spec-id': 44 }], [], fails(400)],
      [
        'order',
        [
          addOrder(9, { ...sortField, 'source-id': 3, transform: 'truncate[2]', direction: 'desc', 'null-order': 'nulls-last' }),
          newestOrder,
        ],
      ],
      ['unsorted', [addOrder(0), newestOrder]],
      ['order of no column', [addOrder(9, { ...sortField, 'source-id': 99 })]],
      ['specs removed', [{ action: 'remove-partition-specs', 'spec-ids': [0] }]],
      ['default spec removed', [{ action: 'remove-partition-specs', 'spec-ids': [2] }]],
      ['schemas removed', [{ action: 'remove-schemas', 'schema-ids': [0] }]],
      ['current schema removed', [{ action: 'remove-schemas', 'schema-ids': [1] }]],
    ] as readonly CommitLine[]),
    load(it),
  ];
}

const upgrade = (to: number) => ({ action: 'upgrade-format-version', 'format-version': to });

/** What is left: properties, keys, versions, and each requirement that does not hold. */
function rest(version: number): readonly ReferenceRequest[] {
  const it = { version, table: `rest${version}` };
  const key = { 'key-id': 'k', 'encrypted-key-metadata': 'c2VjcmV0', 'encrypted-by-id': 'kms' };
  const uuid = '2df0d066-9102-4097-acae-ead53542ca76';
  return [
    creation(it),
    ...commits(it, [
      [
        'properties',
        [
          { action: 'set-properties', updates: { a: 'b', p: 'z' } },
          { action: 'remove-properties', removals: ['a', 'none'] },
        ],
      ],
      ['key', [{ action: 'add-encryption-key', 'encryption-key': key }]],
      ['key removed', [{ action: 'remove-encryption-key', 'key-id': 'k' }]],
      ['uuid', [], [{ type: 'assert-table-uuid', uuid }]],
      ['field id', [], [{ type: 'assert-last-assigned-field-id', 'last-assigned-field-id': 99 }]],
      ['schema', [], [{ type: 'assert-current-schema-id', 'current-schema-id': 99 }]],
      ['partition id', [], [{ type: 'assert-last-assigned-partition-id', 'last-assigned-partition-id': 99 }]],
      ['spec', [], [{ type: 'assert-default-spec-id', 'default-spec-id': 99 }]],
      ['order', [], [{ type: 'assert-default-sort-order-id', 'default-sort-order-id': 99 }]],
      ['table', [], [{ type: 'assert-create' }]],
      ['unknown requirement', [], [{ type: 'be-merry' }], fails(400)],
      ['unknown update', [{ action: 'be-merry' }], [], fails(400)],
      ['older version', [upgrade(version - 1)]],
      ['same version', [upgrade(version)]],
      ['newer version', [upgrade(Math.min(version + 1, 3))]],
      ['version of the future', [upgrade(9)]],
    ]),
    load(it),
    // After which the reference cannot read its table any more.
    ...commits({ version, table: `shape${version}` }, [['another uuid', [{ action: 'assign-uuid', uuid }], [], fails(400)]]),
  ];
}

const ident = (name: string, namespace = 'n') => ({ namespace: [namespace], name });
const property = (name: string, value: string, more: object = {}) => ({
  identifier: ident(name),
  requirements: [],
  updates: [{ action: 'set-properties', updates: { tx: value } }],
  ...more,
});
const stale = { requirements: [{ type: 'assert-current-schema-id', 'current-schema-id': 77 }] };

const names: readonly ReferenceRequest[] = [
  { name: 'list', method: 'GET', path: 'namespaces/n/tables' },
  { name: 'list of none', method: 'GET', path: 'namespaces/none/tables' },
  { name: 'head none', method: 'HEAD', path: 'namespaces/n/tables/none' },
  { name: 'load none', method: 'GET', path: 'namespaces/n/tables/none' },
  { name: 'load of none', method: 'GET', path: 'namespaces/none/tables/none' },
  { name: 'commit to none', method: 'POST', path: 'namespaces/n/tables/none', body: property('none', '1') },
  { name: 'rename none', method: 'POST', path: 'tables/rename', body: { source: ident('none'), destination: ident('x') } },
  { name: 'rename to taken', method: 'POST', path: 'tables/rename', body: { source: ident('rest1'), destination: ident('rest2') } },
  { name: 'rename', method: 'POST', path: 'tables/rename', body: { source: ident('rest1'), destination: ident('renamed') } },
  { name: 'load renamed', method: 'GET', path: 'namespaces/n/tables/renamed' },
  {
    name: 'transaction',
    method: 'POST',
    path: 'transactions/commit',
    body: { 'table-changes': [property('rest2', '1'), property('rest3', '2')] },
  },
  {
    name: 'transaction, one stale',
    method: 'POST',
    path: 'transactions/commit',
    body: { 'table-changes': [property('rest2', '3'), property('rest3', '4', stale)] },
  },
  {
    name: 'transaction, one missing',
    method: 'POST',
    path: 'transactions/commit',
    body: { 'table-changes': [property('rest2', '5'), property('none', '6')] },
  },
  { name: 'load what the transactions left', method: 'GET', path: 'namespaces/n/tables/rest2' },
];

const ends: readonly ReferenceRequest[] = [
  { name: 'metrics', method: 'POST', path: 'namespaces/n/tables/none/metrics', body: { 'report-type': 'x' } },
  { name: 'drop what is not empty', method: 'DELETE', path: 'namespaces/n' },
  { name: 'drop a table', method: 'DELETE', path: 'namespaces/n/tables/renamed' },
  { name: 'drop it again', method: 'DELETE', path: 'namespaces/n/tables/renamed' },
  { name: 'drop no namespace', method: 'DELETE', path: 'namespaces/none' },
];

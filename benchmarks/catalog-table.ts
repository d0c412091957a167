// A table as a writer over REST knows it: commits as Iceberg's clients send them (one snapshot, main moved to it, the table's
// uuid and the head asserted), with the expiry of Foz's default policy on each. The same bytes go to every server.

import { Agent, request } from 'node:http';
import { isRecord } from '../runtime/options.ts';

export interface Reply {
  readonly status: number;
  readonly bytes: number;
  /** Empty where only its size was asked for. */
  readonly text: string;
}

export interface Rest extends Disposable {
  /** Throws where the status is not 2xx. `keep`: the text of the answer, too. */
  send(method: 'GET' | 'POST', path: string, body?: string, keep?: boolean): Promise<Reply>;
}

export function restClient(url: string, sockets: number): Rest {
  const { hostname, port } = new URL(url);
  const agent = new Agent({ keepAlive: true, maxSockets: sockets });
  return {
    send: (method, path, body, keep = false) =>
      new Promise((resolve, reject) => {
        const headers = body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
        const sent = request({ hostname, port, path, method, agent, headers }, (response) => {
          let bytes = 0;
          const kept: Buffer[] = [];
          const status = response.statusCode ?? 0;
          const isKept = keep || status >= 300;
          response.on('data', (chunk: Buffer) => {
            bytes += chunk.length;
            if (isKept) kept.push(chunk);
          });
          response.once('error', reject);
          response.once('end', () => {
            const text = Buffer.concat(kept).toString();
            if (status < 300) resolve({ status, bytes, text });
            else reject(new Error(`${method} ${path}: ${status} ${text.slice(0, 500)}`));
          });
        });
        sent.once('error', reject);
        sent.end(body);
      }),
    [Symbol.dispose]: () => agent.destroy(),
  };
}

export interface BenchTable {
  /** One commit of one snapshot. */
  commit(): Promise<Reply>;
  /** One commit of many snapshots, none expired: to have them at all. */
  grow(snapshots: number): Promise<Reply>;
  load(): Promise<Reply>;
  readonly live: number;
}

export interface TablePlace {
  readonly rest: Rest;
  readonly namespace: string;
  readonly name: string;
  /** Live snapshots of the default policy; the rate of these commits leaves its hour out of play. */
  readonly snapshotsMax: number;
}

const column = (id: number, name: string, type: string): object => ({ id, name, type, required: false });

const createBody = (name: string): string =>
  JSON.stringify({
    name,
    schema: {
      type: 'struct',
      'schema-id': 0,
      fields: [column(1, 'id', 'long'), column(2, 'name', 'string'), column(3, 'at', 'timestamptz'), column(4, 'amount', 'decimal(12, 2)')],
    },
    'partition-spec': { 'spec-id': 0, fields: [{ name: 'date', transform: 'day', 'source-id': 3, 'field-id': 1000 }] },
    properties: {
      'write.metadata.delete-after-commit.enabled': 'true',
      'write.metadata.previous-versions-max': '20',
      'write.parquet.compression-codec': 'zstd',
    },
  });

export async function createTable({ rest, namespace, name, snapshotsMax }: TablePlace): Promise<BenchTable> {
  const path = `/v1/namespaces/${namespace}/tables/${name}`;
  const { text } = await rest.send('POST', `/v1/namespaces/${namespace}/tables`, createBody(name), true);
  const created: unknown = JSON.parse(text);
  const metadata = isRecord(created) && isRecord(created['metadata']) ? created['metadata'] : {};
  const [uuid, location] = [String(metadata['table-uuid']), String(metadata['location'])];
  const live: number[] = [];
  let last = 0;

  const snapshot = (): object => {
    const parent = live.at(-1);
    const id = ++last;
    live.push(id);
    return {
      'snapshot-id': id,
      ...(parent === undefined ? {} : { 'parent-snapshot-id': parent }),
      'sequence-number': id,
      'timestamp-ms': Date.now(),
      'schema-id': 0,
      'manifest-list': `${location}/metadata/snap-${id}-1-5c2f8a44-0c7b-4a3c-9d7e-2b8f6a1e9d10.avro`,
      summary: summaryOf(id),
    };
  };
  const send = (head: number | null, snapshots: readonly object[], expired: readonly number[]): Promise<Reply> => {
    const requirements = [
      { type: 'assert-table-uuid', uuid },
      { type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': head },
    ];
    const updates = [
      ...snapshots.map((added) => ({ action: 'add-snapshot', snapshot: added })),
      { action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': last },
      ...(expired.length === 0 ? [] : [{ action: 'remove-snapshots', 'snapshot-ids': expired }]),
    ];
    return rest.send('POST', path, JSON.stringify({ requirements, updates }));
  };
  return {
    commit: () => {
      const head = live.at(-1) ?? null;
      const added = snapshot();
      return send(head, [added], live.splice(0, live.length - snapshotsMax));
    },
    grow: (count) => {
      const head = live.at(-1) ?? null;
      return send(head, Array.from({ length: count }, snapshot), []);
    },
    load: () => rest.send('GET', path),
    get live() {
      return live.length;
    },
  };
}

/** What a writer of Foz says of a commit of some thousand rows. */
function summaryOf(id: number): Readonly<Record<string, string>> {
  return {
    operation: 'append',
    'added-data-files': '1',
    'added-records': '5000',
    'added-files-size': '262144',
    'changed-partition-count': '1',
    'total-data-files': String(id),
    'total-records': String(id * 5000),
    'total-files-size': String(id * 262_144),
    'total-delete-files': '0',
    'total-position-deletes': '0',
    'total-equality-deletes': '0',
    'foz.commit-id': `0199${String(id).padStart(8, '0')}-7c1e-7000-8000-000000000000`,
    'foz.counts': '{"delivered":5000,"rows":5000,"rescued":0}',
  };
}

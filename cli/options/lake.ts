// `lake:` where objects go, and `http:` where the worker answers.

import { choice, duration, flag, group, integer, optional, secretText, size, text, variants, type ValueOf } from '../../runtime/options.ts';
import { listen } from './listen.ts';

const staticCredentials = group(
  {
    accessKeyId: secretText({ doc: 'Access key id' }),
    secretAccessKey: secretText({ doc: 'Secret access key' }),
    sessionToken: optional(secretText({ doc: 'Session token of temporary credentials' })),
  },
  { doc: 'Fixed keys' },
);

const profileCredentials = group(
  { profile: text({ doc: 'Profile of the shared AWS files; it may assume a role (role_arn with source_profile or credential_source)' }) },
  { doc: 'A profile: fixed keys, a role to assume, a web identity, single sign-on' },
);

const environmentCredentials = group({}, { doc: 'The SDK’s chain: environment, role by web identity, shared files, container, instance' });

export const s3StoreOptions = group(
  {
    bucket: text({ doc: 'Bucket' }),
    prefix: optional(
      text({ doc: 'Key prefix of everything Foz writes', pattern: '^[^/].*[^/]$|^[^/]$', title: 'a prefix without / at its ends' }),
    ),
    endpoint: optional(text({ doc: 'URL of an S3-compatible store; absent for AWS', pattern: '^https?://', title: 'a URL' })),
    region: text({ doc: 'Region', default: 'us-east-1' }),
    pathStyle: optional(
      flag({ doc: 'Bucket in the path instead of the host name; absent: true with an endpoint, false without', default: false }),
    ),
    credentials: variants(
      { environment: environmentCredentials, static: staticCredentials, profile: profileCredentials },
      { doc: 'Where credentials come from', default: { kind: 'environment' } },
    ),
    conditionalWrites: choice(['required', 'off'], {
      doc: '`required`: the start-up self-test must see If-None-Match honoured. `off`: rely on unique keys alone',
      default: 'required',
    }),
    multipart: group(
      {
        threshold: size({ doc: 'Objects above it go up in parts', default: '16MiB' }),
        partSize: size({ doc: 'Size of a part (S3: at least 5 MiB)', default: '8MiB' }),
        inFlight: integer({ doc: 'Parts and bodies in memory at once, over all uploads', min: 1, max: 64, default: 4 }),
      },
      { doc: 'Multipart uploads' },
    ),
    requestTimeout: duration({ doc: 'Longest wait for one answer', default: '120s' }),
    attempts: integer({ doc: 'Tries of one request, the first included', min: 1, max: 20, default: 5 }),
  },
  { doc: 'An S3-compatible store' },
);

export type S3StoreConfig = ValueOf<typeof s3StoreOptions>;

const filesystemStore = group({ path: text({ doc: 'Directory; created when absent' }) }, { doc: 'A local directory: one machine only' });

export const lakeOptions = group(
  {
    store: variants({ s3: s3StoreOptions, filesystem: filesystemStore }, { doc: 'Where data files, manifests and metadata go' }),
    namespace: text({ doc: 'Namespace of the raw tables', pattern: '^[a-z][a-z0-9_]*$', title: 'a lower-case name', default: 'raw' }),
    workDir: text({ doc: 'Local directory for Parquet files until they are uploaded', default: '.foz/work' }),
  },
  { doc: 'The lake' },
);

export const httpOptions = group(
  { listen: listen('127.0.0.1:8585') },
  { doc: 'Health and metrics of the worker: /livez /readyz /metrics /status' },
);

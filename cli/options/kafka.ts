// `kafka:` how the log is reached and read.

import { duration, flag, group, list, optional, secretText, size, text, variants } from '../../runtime/options.ts';

const login = {
  username: text({ doc: 'User name' }),
  password: secretText({ doc: 'Password' }),
};

const oauthBearer = group(
  {
    tokenEndpoint: text({ doc: 'URL that issues tokens (client credentials grant)', pattern: '^https?://', title: 'a URL' }),
    clientId: text({ doc: 'Client id' }),
    clientSecret: secretText({ doc: 'Client secret' }),
    scope: optional(text({ doc: 'Scope asked for' })),
  },
  { doc: 'OAUTHBEARER with tokens from an identity provider' },
);

export const kafkaOptions = group(
  {
    brokers: list(text({ doc: 'host:port of a broker', pattern: '^.+:[0-9]{1,5}$', title: 'host:port' }), {
      doc: 'Bootstrap brokers',
      min: 1,
    }),
    clientId: text({ doc: 'Client id shown to the brokers', default: 'foz' }),
    groupId: text({ doc: 'Consumer group: assignment of partitions and a lag hint, never the truth about progress', default: 'foz' }),
    ssl: optional(
      group(
        {
          ca: optional(text({ doc: 'PEM file of the certificate authority' })),
          cert: optional(text({ doc: 'PEM file of the client certificate' })),
          key: optional(text({ doc: 'PEM file of the client key' })),
          serverName: optional(text({ doc: 'Name to verify instead of the host' })),
          verify: flag({ doc: 'Verify the broker’s certificate', default: true }),
        },
        { doc: 'TLS to the brokers; `ssl: {}` uses the system’s authorities' },
      ),
    ),
    sasl: optional(
      variants(
        {
          plain: group(login, { doc: 'PLAIN: use it over TLS only' }),
          'scram-sha-256': group(login, { doc: 'SCRAM-SHA-256' }),
          'scram-sha-512': group(login, { doc: 'SCRAM-SHA-512' }),
          oauthbearer: oauthBearer,
        },
        { doc: 'Login to the brokers' },
      ),
    ),
    fetch: group(
      {
        maxWait: duration({ doc: 'How long a broker may hold a fetch when there is nothing new', default: '100ms' }),
        maxBytes: size({
          doc: 'Bytes of one fetch; less than this waits undelivered, and one fetch of each broker',
          default: '4MiB',
        }),
        maxBytesPerPartition: size({ doc: 'Bytes of one partition in a fetch', default: '1MiB' }),
        maxDecompressedBytes: size({ doc: 'A record batch that would decompress to more is refused', default: '256MiB' }),
      },
      { doc: 'Fetch limits' },
    ),
    sessionTimeout: duration({ doc: 'A worker silent for this long loses its partitions', default: '10s' }),
    requestTimeout: duration({ doc: 'Longest wait for one answer', default: '15s' }),
  },
  { doc: 'The log' },
);

// `contracts:` how contracts are watched and enforced.

import { choice, duration, group, list, secretText, text } from '../../runtime/options.ts';

const drift = group(
  { interval: duration({ doc: 'How often the live tables are compared with their contracts; 0s: never', default: '1h' }) },
  { doc: 'Drift of the sources from their contracts' },
);

const maskKey = group(
  {
    id: text({ doc: 'Name of the key in contracts: `hmac k1`', pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$', title: 'a key id' }),
    key: secretText({ doc: 'The key, 16 bytes or more; values masked with another one do not join with its own' }),
  },
  { doc: 'A key of hmac masks' },
);

export const contractsOptions = group(
  {
    registry: choice(['catalog', 'none'], {
      doc: 'Where contracts in force are looked up; none: the catalog has no registry, or contracts.files are used',
      default: 'catalog',
    }),
    files: list(text({ doc: 'A contract document' }), {
      doc: 'Contracts in force without a registry: what these files say, from the next batch on',
    }),
    refresh: duration({ doc: 'How old the answer of the registry may be when a batch begins', default: '5s' }),
    maskKeys: list(maskKey, { doc: 'Keys that masks of contracts name' }),
    drift,
  },
  { doc: 'Data contracts' },
);

// `contracts:` how contracts are watched and enforced.

import { duration, group } from '../../runtime/options.ts';

const drift = group(
  { interval: duration({ doc: 'How often the live tables are compared with their contracts; 0s: never', default: '1h' }) },
  { doc: 'Drift of the sources from their contracts' },
);

export const contractsOptions = group({ drift }, { doc: 'Data contracts' });

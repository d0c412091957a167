// Writes docs/errors.md and the tables of docs/contracts.md: `npm run docs`.

import { readFileSync, writeFileSync } from 'node:fs';
import { contractsPage } from './contract-tables.ts';
import { errorsPage } from './errors-page.ts';

writeFileSync(new URL('../errors.md', import.meta.url), errorsPage());
const contracts = new URL('../contracts.md', import.meta.url);
writeFileSync(contracts, contractsPage(readFileSync(contracts, 'utf8')));

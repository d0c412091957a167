// Writes docs/errors.md: `npm run docs`.

import { writeFileSync } from 'node:fs';
import { errorsPage } from './errors-page.ts';

writeFileSync(new URL('../errors.md', import.meta.url), errorsPage());

// Writes cli/foz.schema.json from the option tables: `npm run schema`.

import { writeFileSync } from 'node:fs';
import { configSchema } from '../../cli/config.ts';

writeFileSync(new URL('../../cli/foz.schema.json', import.meta.url), `${JSON.stringify(configSchema(), null, 2)}\n`);

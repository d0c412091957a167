// Writes cli/foz.schema.json from the option tables and cli/quality.schema.json from the forms of checks: `npm run schema`.

import { writeFileSync } from 'node:fs';
import { configSchema } from '../../cli/config.ts';
import { qualitySchema } from '../../quality/declare/quality-schema.ts';

writeFileSync(new URL('../../cli/foz.schema.json', import.meta.url), `${JSON.stringify(configSchema(), null, 2)}\n`);
writeFileSync(new URL('../../cli/quality.schema.json', import.meta.url), `${JSON.stringify(qualitySchema(), null, 2)}\n`);

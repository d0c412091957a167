// Forked by isolated-run.ts.

import { serveIsolated } from './json-isolated.ts';

serveIsolated();

// The catalog and its raw tables through DuckDB with the extensions that its Python packages carry.

import { clientTest } from './client-test.ts';
import { openDuckdb } from './open-clients.ts';

clientTest('DuckDB works on the catalog and reads the raw tables', { packages: 'duckdb', open: openDuckdb });

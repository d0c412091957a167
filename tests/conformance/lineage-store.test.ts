// What the stores of the lineage promise, in memory and on SQLite.

import { lineageStoreSuite } from './lineage-store-suite.ts';
import { memoryWorld, sqliteWorld } from './store-world.ts';

for (const world of [memoryWorld, sqliteWorld]) lineageStoreSuite(world);

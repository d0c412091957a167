// What the stores of the quality jobs promise, in memory and on SQLite.

import { qualityStoreSuite, sharedQualityStoreSuite } from './quality-store-suite.ts';
import { memoryWorld, sqliteWorld } from './store-world.ts';

for (const world of [memoryWorld, sqliteWorld]) qualityStoreSuite(world);
sharedQualityStoreSuite(sqliteWorld);

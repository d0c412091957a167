// The catalog's store on a real PostgreSQL: what every store promises, and what only this one can meet.

import { after } from 'node:test';
import { auditStoreSuite } from '../conformance/audit-store-suite.ts';
import { catalogStoreSuite, sharedCatalogStoreSuite } from '../conformance/catalog-store-suite.ts';
import { entityStoreSuite } from '../conformance/entity-store-suite.ts';
import { contractStoreSuite, sharedContractStoreSuite } from '../conformance/contract-store-suite.ts';
import { lineageStoreSuite } from '../conformance/lineage-store-suite.ts';
import { qualityStoreSuite, sharedQualityStoreSuite } from '../conformance/quality-store-suite.ts';
import { placeStoreSuite } from '../conformance/place-store-suite.ts';
import { raceSuite } from '../conformance/race-suite.ts';
import { relationStoreSuite } from '../conformance/relation-store-suite.ts';
import { replyStoreSuite } from '../conformance/reply-store-suite.ts';
import { tokenStoreSuite } from '../conformance/token-store-suite.ts';
import { postgresWorld } from './postgres-world.ts';

const world = await postgresWorld();
after(() => world[Symbol.asyncDispose]());

catalogStoreSuite(world);
relationStoreSuite(world);
placeStoreSuite(world);
replyStoreSuite(world);
auditStoreSuite(world);
entityStoreSuite(world);
tokenStoreSuite(world);
sharedCatalogStoreSuite(world);
contractStoreSuite(world);
sharedContractStoreSuite(world);
lineageStoreSuite(world);
qualityStoreSuite(world);
sharedQualityStoreSuite(world);
raceSuite(world, { operations: 2000 });

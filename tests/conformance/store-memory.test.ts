import { memoryStore } from '../../lake/store/memory-store.ts';
import { objectStoreSuite } from './object-store.ts';

objectStoreSuite('memory store', async () => memoryStore('suite'), { fileSizes: [0, 1, 100_000], listCount: 2_100 });

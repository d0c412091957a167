import { logSuite } from './log-suite.ts';
import { memoryLogWorld } from './log-world.ts';

logSuite('memory log', memoryLogWorld);

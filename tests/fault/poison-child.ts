// The isolated child of poison-writer.ts: the same bug in it.

import { serveIsolated } from '../../sync/decode/json-isolated.ts';
import { deadlyWrite } from './poison-bug.ts';

serveIsolated({ writeFiles: deadlyWrite });

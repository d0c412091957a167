// What is measured by reading rows, in the order in which it is asked: after what metadata and the offset chain answer.

import type { Measurer } from '../measurer.ts';
import { duplicatesMeasurer } from './duplicates-measurer.ts';
import { latencyMeasurer } from './latency-measurer.ts';
import { quantileMeasurer } from './quantile-measurer.ts';
import { scanMeasurer } from './scan-measurer.ts';
import { statementMeasurer } from './statement-measurer.ts';

export const scanMeasurers: readonly Measurer[] = [duplicatesMeasurer, scanMeasurer, quantileMeasurer, latencyMeasurer, statementMeasurer];

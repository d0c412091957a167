// Who measures, in the order of their cost: statistics and snapshots, the offset chain, services; then reading rows.

import { chainMeasurer } from '../../quality/cdc/chain-measurer.ts';
import { objectsMeasurer } from '../../quality/cdc/objects-measurer.ts';
import type { PipelineView } from '../../quality/cdc/pipeline-view.ts';
import { serviceMeasurer } from '../../quality/cdc/service-measurer.ts';
import { stuckRowsMeasurer } from '../../quality/cdc/stuck-rows-measurer.ts';
import type { Measurer } from '../../quality/measurer.ts';
import { metadataMeasurer } from '../../quality/metadata/metadata-measurer.ts';
import { scanMeasurers } from '../../quality/plan/scan-measurers.ts';

export function measurersOf(pipeline: PipelineView): readonly Measurer[] {
  return [metadataMeasurer(), chainMeasurer(pipeline), serviceMeasurer(pipeline), objectsMeasurer(), stuckRowsMeasurer(), ...scanMeasurers];
}

// Who measures, in the order of their cost: statistics and snapshots, the offset chain, services; then reading rows, and last the sources.

import { chainMeasurer } from '../../quality/cdc/chain-measurer.ts';
import { objectsMeasurer } from '../../quality/cdc/objects-measurer.ts';
import type { PipelineView } from '../../quality/cdc/pipeline-view.ts';
import { serviceMeasurer } from '../../quality/cdc/service-measurer.ts';
import { stuckRowsMeasurer } from '../../quality/cdc/stuck-rows-measurer.ts';
import { distributionMeasurer } from '../../quality/history/distribution-measurer.ts';
import { historyMeasurer } from '../../quality/history/history-measurer.ts';
import { windowLimitMeasurer } from '../../quality/history/window-limit-measurer.ts';
import type { Measurer } from '../../quality/measurer.ts';
import { metadataMeasurer } from '../../quality/metadata/metadata-measurer.ts';
import { scanMeasurers } from '../../quality/plan/scan-measurers.ts';
import { reconcileMeasurer, type Reconciliation } from '../../quality/reconcile/reconcile-measurer.ts';

export function measurersOf(pipeline: PipelineView, reconciliation: Reconciliation): readonly Measurer[] {
  const services = [chainMeasurer(pipeline), serviceMeasurer(pipeline), objectsMeasurer(), stuckRowsMeasurer()];
  return [
    metadataMeasurer(),
    ...services,
    ...scanMeasurers,
    windowLimitMeasurer,
    historyMeasurer,
    distributionMeasurer,
    reconcileMeasurer(reconciliation),
  ];
}

// A process that writes one batch and tells what came of it, like a worker that is started again and again: it dies of
// certain values as a decoder with a bug would.

import { isRecord } from '../../runtime/options.ts';
import type { DecodePlan, WrittenBatch } from '../../sync/decode/decoder.ts';
import { openJsonDecoder, type JsonDecoderOptions } from '../../sync/decode/json-decoder.ts';
import { blockOf } from '../../sync/log/record-block.ts';
import { highestFieldId } from '../../lake/iceberg/schema.ts';
import { emptyPlan, recordOf } from '../unit/decode-fixture.ts';
import { deadlyWrite } from './poison-bug.ts';

export interface PoisonTask {
  readonly options: Partial<JsonDecoderOptions> & Pick<JsonDecoderOptions, 'tempDir'>;
  /** By log partition. */
  readonly values: readonly (readonly (string | Uint8Array)[])[];
}

export type PoisonReply =
  | { readonly kind: 'written'; readonly written: WrittenBatch; readonly plan: DecodePlan }
  | { readonly kind: 'failed'; readonly message: string; readonly code: unknown };

async function writeOnce({ options, values }: PoisonTask): Promise<PoisonReply> {
  await using decoder = await openJsonDecoder(options, {
    writeFiles: deadlyWrite,
    isolatedModule: new URL('./poison-child.ts', import.meta.url),
  });
  await using batch = decoder.open();
  values.forEach((texts, partition) => {
    const block = blockOf(texts.map((text, i) => recordOf(i, text)));
    batch.append(partition, block, 0, block.count);
  });
  let plan = emptyPlan();
  for (;;) {
    const outcome = await batch.write(plan);
    if (outcome.kind === 'written') return { kind: 'written', written: outcome, plan };
    const schema = outcome.schema ?? plan.schema;
    plan = { ...plan, schema, lastColumnId: Math.max(plan.lastColumnId, highestFieldId(schema)), shapes: outcome.shapes };
  }
}

function isTask(message: unknown): message is PoisonTask {
  return isRecord(message) && Array.isArray(message['values']);
}

process.once('message', (message) => {
  if (!isTask(message)) throw new Error('no task');
  writeOnce(message)
    .catch((error: unknown): PoisonReply => ({ kind: 'failed', message: String(error), code: Reflect.get(Object(error), 'code') }))
    .then((reply) => process.send?.(reply, () => process.disconnect()));
});

// The child's side of isolated-run.ts: one request, one write, one answer. Whatever the write does to this process, the
// parent sees only that it ended.

import { LakeError } from '../../runtime/errors.ts';
import { isRecord } from '../../runtime/options.ts';
import { reasonPoison } from './decode-sql.ts';
import type { IsolatedReply, IsolatedRequest } from './isolated-run.ts';
import { openJsonDecoder, type JsonDecoderSeams } from './json-decoder.ts';

/** Serves the parent of this process. */
export function serveIsolated(seams: Partial<JsonDecoderSeams> = {}): void {
  process.once('disconnect', () => process.exit());
  process.once('message', (message) => {
    if (!isRequest(message)) throw new Error('the request of an isolated write is malformed');
    write(message, seams).then(send, (error: unknown) => {
      send({ kind: 'failed', code: error instanceof LakeError ? error.code : 'INTERNAL', message: String(error) });
    });
  });
}

function send(reply: IsolatedReply): void {
  process.send?.(reply, () => process.disconnect());
}

async function write(request: IsolatedRequest, seams: Partial<JsonDecoderSeams>): Promise<IsolatedReply> {
  await using decoder = await openJsonDecoder({ ...request.options, tempDir: request.tempDir }, seams);
  await using batch = decoder.open();
  for (const { partition, block } of request.groups) batch.append(partition, block, 0, block.count);
  batch.rescue(request.poison, reasonPoison);
  return { kind: 'done', outcome: await batch.write(request.plan) };
}

function isRequest(message: unknown): message is IsolatedRequest {
  return isRecord(message) && Array.isArray(message['groups']) && message['poison'] instanceof Set && isRecord(message['plan']);
}

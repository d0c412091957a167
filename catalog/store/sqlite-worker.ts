// The thread that owns the SQLite connection, which keeps fsync off the event loop. It takes all messages that wait as one
// batch (sqlite-database.ts) and answers each by its number.

import { parentPort, receiveMessageOnPort, workerData, type MessagePort } from 'node:worker_threads';
import { isRecord } from '../../runtime/options.ts';
import type { StoreRequest } from './answers.ts';
import { openSqlite, type SqliteDatabase } from './sqlite-database.ts';

interface Message extends StoreRequest {
  readonly id: number;
}

/** Bounds how long the first of a batch waits for the last. */
const batchMax = 256;

function serve(): void {
  const port = parentPort;
  const options: unknown = workerData;
  if (!port || !isRecord(options)) return;
  const database = openSqlite(String(options['path']), Number(options['busyTimeoutMs']));
  const waiting: unknown[] = [];
  let isRunning = false;
  const runAll = async (): Promise<void> => {
    isRunning = true;
    while (waiting.length > 0) {
      takeWaiting(port, waiting);
      const end = waiting.indexOf('close');
      const batch = waiting.splice(0, end === -1 ? batchMax : Math.min(end, batchMax)).filter(isMessage);
      if (batch.length > 0) await answerBatch(port, database, batch);
      else if (end === 0) {
        database.close();
        port.close();
        return;
      }
    }
    isRunning = false;
  };
  port.on('message', (message: unknown) => {
    waiting.push(message);
    if (!isRunning) void runAll();
  });
  port.postMessage('ready');
}

function takeWaiting(port: MessagePort, waiting: unknown[]): void {
  while (waiting.length < batchMax) {
    const more = receiveMessageOnPort(port);
    if (more === undefined) return;
    waiting.push(more.message);
  }
}

async function answerBatch(port: MessagePort, database: SqliteDatabase, batch: readonly Message[]): Promise<void> {
  const answers = await database.run(batch);
  for (const [index, answer] of answers.entries()) port.postMessage({ id: batch[index]?.id, answer });
}

function isMessage(value: unknown): value is Message {
  return isRecord(value) && typeof value['id'] === 'number' && typeof value['operation'] === 'string' && Array.isArray(value['parameters']);
}

serve();

import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import test from 'node:test';
import { LakeError } from '../../runtime/errors.ts';
import { metricTable } from '../../runtime/metrics.ts';
import { createPinoLogger } from '../../runtime/pino-logger.ts';
import { createProgress } from '../../runtime/progress.ts';
import { createPromMetrics } from '../../runtime/prom-metrics.ts';
import { isSecret, secret } from '../../runtime/secret.ts';
import { isShutdown, listenForShutdown } from '../../runtime/shutdown.ts';

function loggedBy(act: (logger: ReturnType<typeof createPinoLogger>) => void, secrets = [secret('hunter2-and-more')]) {
  const lines: string[] = [];
  act(createPinoLogger({ level: 'debug', secrets, write: (line) => lines.push(line) }));
  return { text: lines.join(''), lines: lines.map((line): Record<string, unknown> => JSON.parse(line)) };
}

test('a log line carries level, time, fields and message, one JSON document a line', () => {
  const { lines } = loggedBy((logger) => logger.child({ table: 'raw.users' }).info({ next: 9007199254740993n }, 'committed'));
  const [line] = lines;
  assert.equal(line?.['level'], 'info');
  assert.equal(line?.['table'], 'raw.users');
  assert.equal(line?.['next'], '9007199254740993');
  assert.equal(line?.['msg'], 'committed');
  assert.match(String(line?.['ts']), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
});

test('secrets are redacted by key, by value, in errors and their causes, in URLs, in child fields', () => {
  const { text } = loggedBy((logger) => {
    const cause = new Error('login with hunter2-and-more refused');
    logger.error(
      { error: new LakeError('LOG_REFUSED', 'sasl hunter2-and-more', { cause, context: { uri: 'x://u:hunter2-and-more@h' } }) },
      'hunter2-and-more',
    );
    logger.info({ password: 'another-one', nested: { secretAccessKey: 'another-one', apiKey: 'another-one' } }, 'keys');
    logger.info({ url: 'https://user:another-one@host/path' }, 'https://user:another-one@host');
    logger.child({ token: 'another-one', kept: secret('another-one') }).warn({}, encodeURIComponent('hunter2-and-more'));
  });
  assert.doesNotMatch(text, /hunter2|another-one/);
  assert.match(text, /\[redacted\]/);
});

test('a log line is bounded: long text, deep and circular values', () => {
  const circular: Record<string, unknown> = {};
  circular['self'] = circular;
  const startedAt = performance.now();
  const { text } = loggedBy((logger) => logger.info({ circular, long: 'x'.repeat(100_000), bytes: new Uint8Array(9) }, 'bounded'));
  assert.ok(text.length < 10_000);
  assert.ok(performance.now() - startedAt < 1000);
  assert.match(text, /\(9 bytes\)/);
});

test('a secret prints as [redacted] everywhere but where it is revealed', () => {
  const known = secret('text');
  assert.equal(known.reveal(), 'text');
  assert.ok(isSecret(known) && !isSecret('text') && !isSecret(null));
  for (const printed of [`${known}`, JSON.stringify({ known }), inspect({ known }), String(known)]) {
    assert.doesNotMatch(printed, /text/);
    assert.match(printed, /\[redacted\]/);
  }
});

test('every metric of the table is in the exposition, under its own registry', async () => {
  const metrics = createPromMetrics({ version: '1.2.3' });
  const other = createPromMetrics({ version: '9' });
  metrics.count('foz_commits_total', { table: 'raw.users', result: 'ok' }, 2);
  metrics.set('foz_halted', { table: 'raw.users', reason: 'RETENTION_GAP' }, 1);
  metrics.observe('foz_freshness_seconds', { table: 'raw.users' }, 0.3);
  const text = await metrics.render();
  for (const name of Object.keys(metricTable)) assert.match(text, new RegExp(`^# TYPE ${name} `, 'm'));
  assert.match(text, /^foz_commits_total\{table="raw\.users",result="ok"\} 2$/m);
  assert.match(text, /^foz_halted\{table="raw\.users",reason="RETENTION_GAP"\} 1$/m);
  assert.match(text, /^foz_freshness_seconds_bucket\{le="0\.5",table="raw\.users"\} 1$/m);
  assert.match(text, /^foz_build_info\{version="1\.2\.3"\} 1$/m);
  assert.doesNotMatch(await other.render(), /raw\.users/);
});

test('metric names follow Prometheus: counters end in _total, times in _seconds, sizes in _bytes', () => {
  for (const [name, { kind }] of Object.entries(metricTable)) {
    assert.equal(name.endsWith('_total'), kind === 'counter', name);
    assert.match(name, /^foz_[a-z_]+$/);
  }
});

test('the first signal asks, the second exits, and disposal lets go', () => {
  const codes: number[] = [];
  const reasons: string[] = [];
  const before = process.listenerCount('SIGTERM');
  {
    using shutdown = listenForShutdown({ exit: (code) => codes.push(code), onRequest: (reason) => reasons.push(reason) });
    process.emit('SIGTERM');
    assert.ok(shutdown.signal.aborted);
    assert.ok(isShutdown(shutdown.signal.reason));
    assert.deepEqual(codes, []);
    process.emit('SIGTERM');
    process.emit('SIGINT');
  }
  assert.deepEqual(codes, [143, 130]);
  assert.deepEqual(reasons, ['SIGTERM']);
  assert.equal(process.listenerCount('SIGTERM'), before);
});

test('a failure caused by the stop is a stop; another failure is not', () => {
  using shutdown = listenForShutdown();
  shutdown.request('test');
  assert.ok(isShutdown(new LakeError('LOG_UNREACHABLE', 'aborted', { cause: shutdown.signal.reason })));
  assert.ok(!isShutdown(new LakeError('LOG_UNREACHABLE', 'away')));
});

function progressOn(isTTY: boolean) {
  let text = '';
  let now = 0;
  const stream = { isTTY, columns: 40, write: (part: string) => (text += part) };
  const progress = createProgress({ stream, clock: { now: () => (now += 1000), sleep: () => Promise.resolve() } });
  return { progress, text: () => text };
}

test('progress without a terminal is one line a step, without escapes', () => {
  const { progress, text } = progressOn(false);
  const step = progress.start('kafka');
  step.update('starting');
  step.done('127.0.0.1:9092');
  progress.start('connect').fail('no answer');
  assert.equal(text(), '  ✓ kafka  127.0.0.1:9092  (1.0 s)\n  ✗ connect  no answer  (1.0 s)\n');
});

test('progress on a terminal redraws the running steps and clips them to its width', () => {
  const { progress, text } = progressOn(true);
  const first = progress.start('a');
  progress.start('b').update('x'.repeat(100));
  first.done();
  const last = text().slice(text().lastIndexOf('\u001b[0J'));
  assert.match(last, /✓ a {2}\(\d\.0 s\)\n {2}… b {2}x+…\n$/);
  assert.ok(
    text()
      .split('\n')
      .every(
        (line) =>
          (line
            .split('\u001b')
            .at(-1)
            ?.replace(/^\[\d*[AJ]/, '').length ?? 0) <= 40,
      ),
  );
});

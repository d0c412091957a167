import assert from 'node:assert/strict';
import test from 'node:test';
import { limiter } from '../../lake/store/limiter.ts';

/** A task that ends when told to, and says when it began. */
function gate() {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let hasBegun = false;
  const task = () => {
    hasBegun = true;
    return promise;
  };
  return { task, resolve, reject, hasBegun: () => hasBegun };
}

test('I9: a limiter runs its maximum at once, the others in the order they came, whether tasks end well or not', async () => {
  const limit = limiter(2);
  const gates = [gate(), gate(), gate(), gate()] as const;
  const running = gates.map((each) => limit(each.task).catch((error: unknown) => String(error)));
  await new Promise(setImmediate);
  assert.deepEqual(
    gates.map((each) => each.hasBegun()),
    [true, true, false, false],
  );
  gates[1].reject('failed');
  await new Promise(setImmediate);
  assert.deepEqual(
    gates.map((each) => each.hasBegun()),
    [true, true, true, false],
  );
  gates[0].resolve('first');
  gates[2].resolve('third');
  gates[3].resolve('fourth');
  assert.deepEqual(await Promise.all(running), ['first', 'failed', 'third', 'fourth']);
});

test('a task whose signal aborts while it waits never runs and takes no place', async () => {
  const limit = limiter(1);
  const first = gate();
  const running = limit(first.task);
  const stop = new AbortController();
  const waiting = gate();
  const given = limit(waiting.task, stop.signal);
  stop.abort(new Error('stop'));
  await assert.rejects(given, /stop/);
  first.resolve('done');
  await running;
  assert.equal(waiting.hasBegun(), false);
  assert.equal(await limit(async () => 'next'), 'next');
});

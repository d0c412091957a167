// The demo's own receiver of alerts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listenForAlerts } from '../../cli/demo/alert-listener.ts';

const post = (url: string, body: string) => fetch(url, { method: 'POST', body });

test('alerts are said as lines, once each; what is no alert is refused', async () => {
  const lines: string[] = [];
  await using listener = await listenForAlerts((line) => lines.push(line));
  const change = { check: 'users.rating', severity: 'error', found: '1 of 9 rows (11.11 %)', expected: '0' };
  const firing = JSON.stringify({ changes: [{ ...change, key: 'k1', state: 'firing' }] });
  assert.equal((await post(listener.url, firing)).status, 204);
  assert.equal((await post(listener.url, firing)).status, 204);
  await post(listener.url, JSON.stringify({ changes: [{ ...change, key: 'k2', state: 'resolved', found: '0 of 9 rows (0 %)' }] }));
  await post(listener.url, JSON.stringify({ changes: [{ ...change, key: 'k3', state: 'firing', found: null }] }));
  assert.equal((await post(listener.url, 'no JSON')).status, 400);
  assert.equal((await post(listener.url, '{}')).status, 400);
  assert.deepEqual(lines, [
    'alert: FIRING users.rating (error): 1 of 9 rows (11.11 %); expected 0',
    'alert: RESOLVED users.rating: 0 of 9 rows (0 %)',
    'alert: FIRING users.rating (error): it could not be measured; expected 0',
  ]);
});

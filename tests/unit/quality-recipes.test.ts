// What docs/quality.md shows as SQL for want of a word does what it says, on rows of a real table.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import type { Check } from '../../quality/check.ts';
import { declareChecks } from '../../quality/declare/declare-checks.ts';
import { scanMeasurers } from '../../quality/plan/scan-measurers.ts';
import { qualitySession } from './quality-lab.ts';
import { queryLab } from './query-fixture.ts';

const page = readFileSync(new URL('../../docs/quality.md', import.meta.url), 'utf8');
const recipes = /### What has no word of its own[\s\S]*?```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? '';

const user = (id: number, city: string, status: string, updatedAt = 20) => ({
  key: JSON.stringify({ id }),
  value: {
    before: null,
    after: { id, city, status, created_at: 10, updated_at: updatedAt },
    source: { connector: 'postgresql', ts_us: 1_000_000, snapshot: 'false', txId: 700, lsn: 100 + id },
    op: 'c',
    ts_ms: 1,
  },
});

/** What each check counts or says, by name. */
async function figures(rows: readonly ReturnType<typeof user>[], checks: readonly Check[]): Promise<Readonly<Record<string, unknown>>> {
  await using lab = await queryLab('pg.public.users');
  await lab.land([...rows]);
  await using opened = await qualitySession(lab, { name: 'recipes' });
  const found: Record<string, unknown> = {};
  for (const check of checks) {
    const measurer = scanMeasurers.find(({ answers }) => answers(check.measure));
    const finding = (await measurer?.measure([check], opened.session, new AbortController().signal))?.get(check.id);
    found[check.name] = finding?.kind === 'measured' ? finding.measured.value : finding;
  }
  return found;
}

test('recipes count the rows that are wrong, and none where nothing is', async () => {
  const { checks, problems } = declareChecks({ contracts: [], files: [{ file: 'quality/users.yaml', text: recipes }] });
  assert.deepEqual(problems, []);
  const clean = [user(1, 'Porto', 'active'), user(2, 'Porto', 'suspended'), user(3, 'Braga', 'active')];
  assert.deepEqual(await figures(clean, checks), {
    'no-more-rows-than-keys': 0,
    'ids-without-holes': 0,
    'few-suspended-in-a-city': 0,
    'changed-after-made': 0,
  });
  const broken = [...clean, user(5, 'Berlin', 'suspended', 5), user(9, 'Berlin', 'suspended')];
  assert.deepEqual(await figures(broken, checks), {
    'no-more-rows-than-keys': 0,
    'ids-without-holes': 2,
    'few-suspended-in-a-city': 1,
    'changed-after-made': 1,
  });
});

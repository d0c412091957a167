// The protocol model-checked (I1, I2, I5, I6, I7): every interleaving within the budgets is safe, and each rule that is
// switched off breaks within a few steps.

import assert from 'node:assert/strict';
import test from 'node:test';
import { check } from './model-checker.ts';
import { safeRules, type Budget, type Rules } from './protocol-model.ts';

const none: Budget = {
  records: 2,
  crash: 0,
  lose: 0,
  compact: 0,
  expire: 0,
  rewind: 0,
  retain: 0,
  recreate: 0,
  rollback: 0,
  replace: 0,
  erase: 0,
  merge: 0,
  sweep: 0,
  reread: 0,
};

const safe: Readonly<Record<string, Budget>> = {
  'a crash, a lost reply and a compaction': { ...none, records: 3, crash: 1, lose: 1, compact: 1 },
  'two crashes and two lost replies': { ...none, crash: 2, lose: 2, compact: 1 },
  'retention and a re-created topic': { ...none, crash: 1, lose: 1, retain: 1, recreate: 1 },
  'expiry and a compaction': { ...none, crash: 1, lose: 1, compact: 1, expire: 1 },
  'a rollback': { ...none, crash: 1, lose: 1, rollback: 1 },
  'a rollback, a compaction and an expiry': { ...none, compact: 1, expire: 1, rollback: 1 },
  'an erasure, a crash and a lost reply': { ...none, crash: 1, lose: 1, erase: 1 },
  'an erasure, a compaction and an expiry': { ...none, crash: 1, compact: 1, expire: 1, erase: 1 },
  'two erasures and a rollback': { ...none, rollback: 1, erase: 2 },
  'a compaction, a crash and a lost reply': { ...none, crash: 1, lose: 1, merge: 1 },
  'a compaction, an expiry and a sweep': { ...none, lose: 1, expire: 1, merge: 1, sweep: 1 },
  'a compaction, a rollback and a sweep': { ...none, rollback: 1, merge: 1, sweep: 1 },
  'a compaction, an erasure and a sweep': { ...none, lose: 1, erase: 1, merge: 1, sweep: 1 },
  'two compactions and a lost reply': { ...none, records: 3, lose: 1, merge: 2 },
  'a crash, a rollback and a sweep': { ...none, crash: 1, rollback: 1, sweep: 1 },
  'a rollback, a sweep and a re-reading': { ...none, lose: 1, rollback: 1, sweep: 1, reread: 1 },
  'a rollback, an erasure and a re-reading': { ...none, rollback: 1, erase: 1, reread: 1 },
  'a rollback, a compaction and a re-reading': { ...none, crash: 1, rollback: 1, merge: 1, reread: 1 },
  'a replacement by an empty table': { ...none, crash: 1, lose: 1, replace: 1, expire: 1 },
};

const long: Readonly<Record<string, Budget>> = {
  'everything at once': { ...none, crash: 2, lose: 1, compact: 1, expire: 1, retain: 1, recreate: 1, rollback: 1 },
  'everything and an erasure': { ...none, crash: 1, lose: 1, compact: 1, expire: 1, retain: 1, rollback: 1, erase: 1 },
  // A third record with a rollback is beyond the checker's states; each without the other is not.
  'compactions, sweeps and everything that the table can do': {
    ...none,
    crash: 1,
    lose: 1,
    expire: 1,
    rollback: 1,
    erase: 1,
    merge: 2,
    sweep: 2,
  },
  'three records, compactions, sweeps and an erasure': { ...none, records: 3, crash: 1, lose: 1, expire: 1, erase: 1, merge: 2, sweep: 2 },
  'two rollbacks, sweeps and re-readings': { ...none, crash: 1, lose: 1, rollback: 2, sweep: 2, reread: 2 },
  'four records, two crashes, two lost replies': { ...none, records: 4, crash: 2, lose: 2, compact: 1 },
};

const mutants: Readonly<Record<string, { readonly rules: Partial<Rules>; readonly budget: Partial<Budget>; readonly finds: RegExp }>> = {
  'start from the group offset': { rules: { startFrom: 'group', checksOffsets: false }, budget: { rewind: 1 }, finds: /DUPLICATE/ },
  'append again after a 409 as any Iceberg client does': { rules: { checksOffsets: false }, budget: {}, finds: /DUPLICATE/ },
  'send again blindly after a time-out': { rules: { checksOffsets: false, unknown: 'blind' }, budget: { lose: 1 }, finds: /DUPLICATE/ },
  'no compare-and-swap at all': { rules: { checksOffsets: false, assertsSnapshot: false }, budget: {}, finds: /DUPLICATE/ },
  'delete own files on a 409': { rules: { deletesOnConflict: true }, budget: { lose: 1 }, finds: /LOST/ },
  'offsets only in the current snapshot': { rules: { chainIn: 'head' }, budget: { compact: 1 }, finds: /DUPLICATE/ },
  'offsets that expire with their snapshot': { rules: { chainIn: 'ancestry' }, budget: { compact: 1, expire: 1 }, finds: /DUPLICATE/ },
  'acknowledge before the commit': {
    rules: { startFrom: 'group', acknowledgesFirst: true, checksOffsets: false },
    budget: { crash: 1 },
    finds: /LOST/,
  },
  'reset to the end when out of range': { rules: { onOutOfRange: 'latest' }, budget: { retain: 1 }, finds: /LOST/ },
  'no topic id': { rules: { checksIncarnation: false }, budget: { recreate: 1 }, finds: /LOST/ },
  'trust the property after a rollback': { rules: { walksAncestry: false }, budget: { rollback: 1 }, finds: /LOST/ },
  'trust the property behind an expired parent': {
    rules: { countsRows: false },
    budget: { rollback: 1, compact: 1, expire: 1 },
    finds: /LOST/,
  },
  'an erasure that deletes every upload that nothing names': { rules: { erasureDeletes: 'unnamed' }, budget: { erase: 1 }, finds: /LOST/ },
  'a compaction over a head that no longer has its files': {
    rules: { compactionChecksFiles: false },
    budget: { erase: 1, merge: 1 },
    finds: /DUPLICATE/,
  },
  'a compaction that sends its list again over a newer head': {
    rules: { compactionMakesListAnew: false },
    budget: { records: 3, merge: 1 },
    finds: /LOST/,
  },
  'a sweep of every upload that nothing names': { rules: { sweepDeletes: 'unnamed' }, budget: { sweep: 1 }, finds: /LOST/ },
  'a sweep that looks at the head alone': {
    rules: { sweepDeletes: 'not in the head' },
    budget: { rollback: 1, merge: 1, sweep: 1 },
    finds: /LOST/,
  },
  'a sweep without an age gate': { rules: { sweepWaits: false }, budget: { merge: 1, sweep: 1 }, finds: /LOST/ },
  'a sweep by offsets where the catalog does not check them': {
    rules: { catalogChecksChain: false },
    budget: { rollback: 1, sweep: 1 },
    finds: /LOST/,
  },
  'a commit from before a re-reading, its files swept': {
    rules: { fencesRereads: false },
    budget: { rollback: 1, sweep: 1, reread: 1 },
    finds: /LOST/,
  },
  'trust the property of a replaced table': { rules: { walksAncestry: false }, budget: { replace: 1 }, finds: /LOST/ },
};

for (const [name, budget] of Object.entries({ ...safe, ...(process.env['FOZ_TEST_LONG'] === '1' ? long : {}) })) {
  test(`I1-I7: no interleaving with ${name} loses, doubles or gets stuck`, { timeout: 600_000 }, () => {
    const verdict = check(safeRules, budget);
    assert.equal(verdict.kind, 'safe', JSON.stringify(verdict));
    assert.ok(verdict.states > 200, `only ${verdict.states} states: the budget does nothing`);
  });
}

for (const [name, { rules, budget, finds }] of Object.entries(mutants)) {
  test(`the protocol breaks without its rule: ${name}`, () => {
    const verdict = check({ ...safeRules, ...rules }, { ...none, ...budget });
    assert.equal(verdict.kind, 'broken');
    assert.ok(verdict.kind === 'broken' && finds.test(verdict.why), JSON.stringify(verdict));
  });
}

test('an erasure halts no table; one whose commit does not carry the chain on halts it', () => {
  const budget = { ...none, crash: 1, expire: 1, compact: 1, erase: 1 };
  const [carried, left] = [check(safeRules, budget), check({ ...safeRules, erasesInChain: false }, budget)];
  assert.deepEqual([carried.kind, carried.kind === 'safe' && carried.halted], ['safe', 0]);
  assert.ok(left.kind === 'broken' || left.halted > 0, JSON.stringify(left));
});

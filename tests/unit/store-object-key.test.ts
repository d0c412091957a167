import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { LakeError } from '../../runtime/errors.ts';
import { checkKey, checkPrefix, clipRange, compareKeys, keyBytesMax } from '../../lake/store/object-key.ts';

const isRefused = (error: unknown) => error instanceof LakeError && error.code === 'STORE_REFUSED';

test('a key is a path of plain segments, and the refusal says what is wrong', () => {
  for (const key of ['a', 'a/b', 'date=2026-11-21/x.parquet', '...', 'a..b', 'é/日本', 'x'.repeat(keyBytesMax)])
    assert.equal(checkKey(key), key);
  assert.throws(() => checkKey('a/../b'), /segment "\.\."/);
  assert.throws(() => checkKey('a\0b'), /U\+0000/);
  assert.throws(() => checkKey('é'.repeat(keyBytesMax / 2 + 1)), /longer than 900 bytes/);
  assert.throws(() => checkKey('\udc00'), /surrogate/);
});

test('a prefix is a key cut anywhere, so it may be empty or end in one slash', () => {
  for (const prefix of ['', 'a', 'a/', 'a/b']) assert.equal(checkPrefix(prefix), prefix);
  for (const prefix of ['/', 'a//', '../', '/a']) assert.throws(() => checkPrefix(prefix), isRefused);
});

test('no accepted key leaves its folder, whatever it is made of', () => {
  const piece = fc.constantFrom('.', '..', '/', '//', 'a', '\\', '\0', '%2e', '~', ' ', '\n', '\u{1f30a}', '\ud83c');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const key = pieces.join('');
      try {
        checkKey(key);
      } catch (error) {
        assert.ok(isRefused(error));
        return;
      }
      assert.equal(new URL(`file:///root/${key.split('/').map(encodeURIComponent).join('/')}`).pathname.startsWith('/root/'), true);
      assert.ok(key.split('/').every((segment) => segment !== '' && segment !== '.' && segment !== '..'));
    }),
    { numRuns: 2_000 },
  );
});

test('keys are compared by their UTF-8 bytes, as S3 lists them', () => {
  assert.ok(compareKeys('a-b', 'a/b') < 0);
  // In UTF-16 units U+1F30A starts with D83C and would come before U+FF5E.
  assert.ok(compareKeys('\u{ff5e}', '\u{1f30a}') < 0);
  assert.equal(compareKeys('same', 'same'), 0);
});

test('a range is cut at the end of the object and refused beyond it', () => {
  assert.deepEqual(clipRange('k', 10, undefined), { start: 0, end: 10 });
  assert.deepEqual(clipRange('k', 10, { start: 3, end: 99 }), { start: 3, end: 10 });
  assert.throws(() => clipRange('k', 10, { start: 10, end: 11 }), isRefused);
  assert.throws(() => clipRange('k', 0, { start: 0, end: 1 }), isRefused);
  assert.throws(() => clipRange('k', 10, { start: 4, end: 4 }), isRefused);
});

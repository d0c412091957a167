import assert from 'node:assert/strict';
import test from 'node:test';
import { s3Failure, type S3FailureKind } from '../../lake/store/s3-failure.ts';

const target = { action: 'put', bucket: 'lake', key: 'a/key' };

function sdkError(name: string, status?: number, extra: object = {}): Error {
  return Object.assign(new Error(`${name} happened`), { name, $metadata: { httpStatusCode: status }, ...extra });
}

test('every failure is read for what it leaves known of the outcome', () => {
  const cases: readonly [Error, S3FailureKind][] = [
    [sdkError('Error', undefined, { code: 'ECONNREFUSED' }), 'passing'],
    [sdkError('Error', undefined, { code: 'ENOTFOUND' }), 'passing'],
    [sdkError('Error', undefined, { code: 'ECONNRESET' }), 'hung'],
    [sdkError('Error', undefined, { code: 'EPIPE' }), 'hung'],
    [sdkError('TimeoutError'), 'hung'],
    [sdkError('Error', undefined, { code: 'CERT_HAS_EXPIRED' }), 'refused'],
    [sdkError('Error', undefined, { code: 'SELF_SIGNED_CERT_IN_CHAIN' }), 'refused'],
    [sdkError('SlowDown', 503), 'passing'],
    [sdkError('RequestTimeout', 400), 'passing'],
    [sdkError('BadDigest', 400), 'passing'],
    [sdkError('ServiceUnavailable', 503), 'answered'],
    [sdkError('InternalError', 500), 'answered'],
    [sdkError('Unknown', 502), 'hung'],
    [sdkError('Unknown', 504), 'hung'],
    [sdkError('NotImplemented', 501), 'refused'],
    [sdkError('SyntaxError', 200), 'hung'],
    [sdkError('ConditionalRequestConflict', 409), 'conflict'],
    [sdkError('BucketNotEmpty', 409), 'refused'],
    [sdkError('PreconditionFailed', 412), 'condition'],
    [sdkError('Unknown', 412), 'condition'],
    [sdkError('NoSuchKey', 404), 'absent'],
    [sdkError('NotFound', 404), 'absent'],
    [sdkError('NoSuchBucket', 404), 'refused'],
    [sdkError('NoSuchUpload', 404), 'upload-gone'],
    [sdkError('AccessDenied', 403), 'refused'],
    [sdkError('ExpiredToken', 400), 'refused'],
    [sdkError('PermanentRedirect', 301), 'refused'],
    [sdkError('CredentialsProviderError'), 'passing'],
  ];
  for (const [error, kind] of cases) assert.equal(s3Failure(error, target, []).kind, kind, `${error.name} ${JSON.stringify(error)}`);
});

test('the message names action, bucket, key, code and status, and no secret', () => {
  const failure = s3Failure(Object.assign(sdkError('AccessDenied', 403), { message: 'key s3cr3t may not' }), target, ['s3cr3t']);
  assert.equal(failure.message, 'put s3://lake/a/key failed with AccessDenied (HTTP 403): key [redacted] may not');
  assert.deepEqual(failure.context, { bucket: 'lake', key: 'a/key', action: 'put', s3Code: 'AccessDenied', status: 403 });
  assert.equal(failure.cause, undefined);
});

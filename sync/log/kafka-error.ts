// Kafka's and kafkajs' errors in our words: away (tried again for ever) or refused (a person must act).

import { LakeError } from '../../runtime/errors.ts';

/** Error codes of responses decoded here. Spec: Kafka protocol guide, "Error Codes". */
export const kafkaCodes = {
  none: 0,
  offsetOutOfRange: 1,
  unknownTopic: 3,
  leaderNotAvailable: 5,
  notLeader: 6,
  topicAuthorizationFailed: 29,
  unknownTopicId: 100,
  inconsistentTopicId: 103,
} as const;

const refusedTypes = new Set([
  'TOPIC_AUTHORIZATION_FAILED',
  'GROUP_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'SASL_AUTHENTICATION_FAILED',
  'UNSUPPORTED_SASL_MECHANISM',
  'INVALID_GROUP_ID',
  'INCONSISTENT_GROUP_PROTOCOL',
  'INVALID_SESSION_TIMEOUT',
  'UNSUPPORTED_VERSION',
  'SECURITY_DISABLED',
]);
const refusedNames = new Set([
  'KafkaJSSASLAuthenticationError',
  'KafkaJSUnsupportedMagicByteInMessageSet',
  'KafkaJSServerDoesNotSupportApiKey',
]);
const connectionNames = new Set([
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
  'KafkaJSRequestTimeoutError',
  'KafkaJSLockTimeout',
]);

/** Context: `kafka` is the protocol's name of the error, `isConnectionLost` when the connection is of no more use. */
export function kafkaError(attempted: string, cause: unknown): LakeError {
  if (cause instanceof LakeError) return cause;
  const name = textOf(cause, 'name');
  const type = textOf(cause, 'type');
  const code = textOf(cause, 'code');
  const reason = textOf(cause, 'message') || String(cause);
  const isConnectionLost = connectionNames.has(name);
  const isRefused = refusedTypes.has(type) || refusedNames.has(name) || (isConnectionLost && isCertificateTrouble(code, reason));
  const isOurs = cause instanceof TypeError || cause instanceof ReferenceError;
  return new LakeError(isOurs ? 'INTERNAL' : isRefused ? 'LOG_REFUSED' : 'LOG_UNREACHABLE', `${attempted}: ${reason}`, {
    context: { kafka: type === '' ? undefined : type, isConnectionLost: isConnectionLost || undefined },
    cause,
  });
}

export function kafkaType(error: unknown): string {
  const type = error instanceof LakeError ? error.context['kafka'] : undefined;
  return typeof type === 'string' ? type : '';
}

function isCertificateTrouble(code: string, reason: string): boolean {
  return /CERT|SELF_SIGNED|ERR_TLS|UNABLE_TO_|ERR_SSL/.test(code) || /certificate/i.test(reason);
}

function textOf(error: unknown, property: string): string {
  if (typeof error !== 'object' || error === null) return '';
  const value: unknown = Reflect.get(error, property);
  return typeof value === 'string' ? value : '';
}

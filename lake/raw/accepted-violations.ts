// A person's decision to let rows land although they break a rule whose policy is halt: up to which offset of each log
// partition, kept with the table so that every worker knows it.

import { isRecord } from '../../runtime/options.ts';

export const acceptedProperty = 'foz.violations-accepted';

/** First offset that is not accepted any more, by topic id and log partition. */
export type AcceptedViolations = ReadonlyMap<string, ReadonlyMap<number, bigint>>;

export function acceptedText(accepted: AcceptedViolations): string {
  const topics = [...accepted].map(([topicId, partitions]) => [
    topicId,
    Object.fromEntries([...partitions].map(([partition, offset]) => [partition, offset.toString()])),
  ]);
  return JSON.stringify(Object.fromEntries(topics));
}

/** What is malformed accepts nothing. */
export function parseAccepted(text: string | undefined): AcceptedViolations {
  const topics = parsed(text);
  const accepted = new Map<string, Map<number, bigint>>();
  for (const [topicId, partitions] of Object.entries(topics)) {
    const offsets = new Map<number, bigint>();
    for (const [partition, offset] of Object.entries(isRecord(partitions) ? partitions : {}))
      if (/^\d{1,9}$/.test(partition) && typeof offset === 'string' && /^\d{1,19}$/.test(offset))
        offsets.set(Number(partition), BigInt(offset));
    accepted.set(topicId, offsets);
  }
  return accepted;
}

function parsed(text: string | undefined): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}

// Which snapshots to forget, as updates of one commit. Kept: what main and every other branch reached within the last
// hour, at most 720 snapshots each; every head; everything a tag names; and one tag an hour, set here, for seven days.
// Pure: nothing is deleted. Objects that become unreachable are the sweeper's (maintenance/sweep/, I4).
// The parent ids of what stays are untouched: a walk along main then ends at a missing parent, which I1 allows.

import type { EpochMs } from '../../runtime/clock.ts';
import type { Requirement, Update } from './commit.ts';
import { mainSnapshot, type Long, type Snapshot, type SnapshotRef, type TableMetadata } from './metadata.ts';

export interface ExpiryPolicy {
  readonly snapshotAgeMaxMs: number;
  /** Per branch, its head included: however old. Absent: the head alone. */
  readonly snapshotsMin?: number;
  /** Per branch, its head included. */
  readonly snapshotsMax: number;
  /** Null: no tags are set, and none are taken away. */
  readonly hourTagAgeMaxMs: number | null;
  /**
   * Main keeps what has changed rows since the newest such snapshot, however old, and what lies on the way to it: for what is
   * proven by walking along main and counting (I1).
   */
  readonly isAnchor?: (snapshot: Snapshot) => boolean;
}

/** Beyond it the walk to an anchor is given up: metadata stays bounded where only others write. */
const anchorPathMax = 7_200;

export const defaultExpiryPolicy: ExpiryPolicy = { snapshotAgeMaxMs: 3_600_000, snapshotsMax: 720, hourTagAgeMaxMs: 7 * 86_400_000 };

export interface ExpiryPlan {
  readonly requirements: readonly Requirement[];
  /** Empty: nothing to do. May ride on another commit that asserts the same head of main. */
  readonly updates: readonly Update[];
  readonly expired: readonly Snapshot[];
}

/** Whatever `gc.enabled` says, which no object is deleted by: that is asked of who deletes, and of who plans for others' tables. */
export function planExpiry(metadata: TableMetadata, now: EpochMs, policy: ExpiryPolicy = defaultExpiryPolicy): ExpiryPlan {
  const snapshots = new Map(metadata.snapshots.map((snapshot) => [String(snapshot['snapshot-id']), snapshot]));
  const refs = new Map(Object.entries(metadata.refs));
  const oldTags = [...refs.keys()].filter((name) => isOldHourTag(name, now, policy));
  for (const name of oldTags) refs.delete(name);
  const tags = policy.hourTagAgeMaxMs === null ? [] : hourTags(metadata, snapshots, now, policy, policy.hourTagAgeMaxMs);
  const newTags = tags.filter(([name]) => !refs.has(name));
  for (const [name, ref] of newTags) refs.set(name, ref);

  const kept = new Set<string>();
  const reachable = new Set<string>();
  for (const ref of refs.values()) keepRef(ref, snapshots, now, policy, kept, reachable);
  // Snapshots no ref reaches (rolled back, staged by others) keep their hour too: someone may be about to use them.
  for (const [id, snapshot] of snapshots) {
    if (!reachable.has(id) && snapshot['timestamp-ms'] >= now - policy.snapshotAgeMaxMs) kept.add(id);
  }
  const head = mainSnapshot(metadata);
  if (policy.isAnchor && head) keepPath(head['snapshot-id'], snapshots, policy.isAnchor, kept);
  const expired = metadata.snapshots.filter((snapshot) => !kept.has(String(snapshot['snapshot-id'])));
  const updates: readonly Update[] = [
    ...newTags.map(([name, ref]): Update => ({ action: 'set-snapshot-ref', 'ref-name': name, ...ref })),
    ...oldTags.map((name): Update => ({ action: 'remove-snapshot-ref', 'ref-name': name })),
    ...(expired.length === 0
      ? []
      : [{ action: 'remove-snapshots' as const, 'snapshot-ids': expired.map((snapshot) => snapshot['snapshot-id']) }]),
  ];
  return { requirements: requirementsOf(metadata), updates, expired };
}

/** `hour-2026-11-21T10`: main as it stood at the end of that hour, UTC. */
export function hourTagName(hourStart: EpochMs): string {
  return `hour-${new Date(hourStart).toISOString().slice(0, 13)}`;
}

const hourMs = 3_600_000;

/** One tag for each past hour in which main moved, at the last snapshot of that hour. */
function hourTags(
  metadata: TableMetadata,
  snapshots: ReadonlyMap<string, Snapshot>,
  now: EpochMs,
  policy: ExpiryPolicy,
  ageMaxMs: number,
): readonly (readonly [string, SnapshotRef])[] {
  const head = mainSnapshot(metadata);
  const tags = new Map<string, SnapshotRef>();
  let lastHour = Number.NaN;
  for (const snapshot of head ? chain(head['snapshot-id'], snapshots) : []) {
    const hourStart = Math.floor(snapshot['timestamp-ms'] / hourMs) * hourMs;
    // The chain runs from new to old: the first snapshot of an hour met is its last.
    if (hourStart === lastHour) continue;
    lastHour = hourStart;
    const name = hourTagName(hourStart);
    const isOver = hourStart + hourMs <= now;
    if (isOver && !tags.has(name) && !isOldHourTag(name, now, policy))
      tags.set(name, { type: 'tag', 'snapshot-id': snapshot['snapshot-id'], 'max-ref-age-ms': ageMaxMs });
  }
  return [...tags].toReversed();
}

/** Tags with other names are people's: they stay until removed. */
function isOldHourTag(name: string, now: EpochMs, policy: ExpiryPolicy): boolean {
  const match = /^hour-(\d{4}-\d\d-\d\dT\d\d)$/.exec(name);
  return match !== null && policy.hourTagAgeMaxMs !== null && Date.parse(`${match[1]}:00:00Z`) + hourMs < now - policy.hourTagAgeMaxMs;
}

function keepRef(
  ref: SnapshotRef,
  snapshots: ReadonlyMap<string, Snapshot>,
  now: EpochMs,
  policy: ExpiryPolicy,
  kept: Set<string>,
  reachable: Set<string>,
): void {
  if (ref.type === 'tag') {
    kept.add(String(ref['snapshot-id']));
    reachable.add(String(ref['snapshot-id']));
    return;
  }
  // Spec: a branch may ask for more, or for less age, than the table's policy.
  const least = ref['min-snapshots-to-keep'] ?? policy.snapshotsMin ?? 1;
  const oldest = now - (ref['max-snapshot-age-ms'] ?? policy.snapshotAgeMaxMs);
  let place = 0;
  for (const snapshot of chain(ref['snapshot-id'], snapshots)) {
    const id = String(snapshot['snapshot-id']);
    const isYoung = snapshot['timestamp-ms'] >= oldest && place < policy.snapshotsMax;
    if (place < least || isYoung) kept.add(id);
    reachable.add(id);
    place++;
  }
}

function keepPath(
  head: Long,
  snapshots: ReadonlyMap<string, Snapshot>,
  isAnchor: (snapshot: Snapshot) => boolean,
  kept: Set<string>,
): void {
  const path: Snapshot[] = [];
  for (const snapshot of chain(head, snapshots)) {
    if (isAnchor(snapshot) || path.length >= anchorPathMax) break;
    path.push(snapshot);
  }
  const first = path.findLastIndex(({ summary }) => summary['operation'] !== 'replace');
  for (const snapshot of path.slice(0, first + 1)) kept.add(String(snapshot['snapshot-id']));
}

/** From `head` back along the parents that are still there. */
function* chain(head: Long, snapshots: ReadonlyMap<string, Snapshot>): Generator<Snapshot> {
  const seen = new Set<string>();
  for (let id: Long | undefined | null = head; id !== undefined && id !== null;) {
    const snapshot = snapshots.get(String(id));
    // A broken table may hold a circle; a walk must end all the same.
    if (!snapshot || seen.has(String(id))) return;
    seen.add(String(id));
    yield snapshot;
    id = snapshot['parent-snapshot-id'];
  }
}

/** Every ref is as planned for: a branch that moved, or a tag that was re-pointed, plans again. */
function requirementsOf(metadata: TableMetadata): readonly Requirement[] {
  return [
    { type: 'assert-table-uuid', uuid: metadata['table-uuid'] },
    ...Object.entries(metadata.refs)
      .filter(([name]) => !name.startsWith('hour-'))
      .map(([ref, { 'snapshot-id': id }]): Requirement => ({ type: 'assert-ref-snapshot-id', ref, 'snapshot-id': id })),
  ];
}

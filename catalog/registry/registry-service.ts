// The contract registry: what was promised about a table, by whom it was replaced, and from where on.
//
//   draft ──activate──▶ active ──deprecate (or a newer one is activated)──▶ deprecated ──retire──▶ retired
//     └──────────────────────────────retire──────────────────────────────────────────────────────────▲
//
// A draft binds nobody. From its activation on a version is a promise: it judges rows from its effect on, later versions
// are compared with it, and it can be deprecated (it still judges until a newer one does) but not taken back. A retired
// version judges nothing any more. Every change is decided on one revision of the contract and applied to that revision
// only; a lost race is decided again, unless the caller named the revision.

import { createHash } from 'node:crypto';
import type { Contract } from '../../contracts/contract.ts';
import type { Clock } from '../../runtime/clock.ts';
import { ok, pagedFrom, refused, type Answer, type Page, type Paged, type Refusal } from '../service/answer.ts';
import { ownContext, type RequestContext } from '../service/request-context.ts';
import type { ContractChange, ContractStore, StoredContract, StoredEffective, StoredVersion } from '../store/contract-store.ts';
import { affectedConsumers, type AffectedTable, type FindConsumers } from './affected-consumers.ts';
import { checkVersion, type VersionRefusal } from './check-version.ts';
import type { ContractJudge } from './contract-judge.ts';
import { activate, changeOf, draftOf, merged, put, record, recordOfChange } from './contract-draft.ts';
import { contractView, eventView, versionView } from './contract-views.ts';
import type { ContractView, EventView, InForceView, VersionDocument } from './contract-views.ts';
import { inForceFor, newestInForce } from './in-force.ts';
import { contractProblem, textProblem } from './registrable.ts';
import type { ContractDifference, ReadContract } from './registry-ports.ts';
import { registryLimits } from './registry-limits.ts';
import { registeredDocuments, type RegisteredDocuments } from './registered-documents.ts';
import { compareVersions } from './semantic-version.ts';

export interface RegisterRequest {
  readonly document: string;
  /** File name, for messages. */
  readonly documentName: string;
  /** Activates it in the same step, from there on. */
  readonly activate: StoredEffective | null;
  readonly note: string | null;
  /** Takes a comparison that can neither be proven nor refuted for a compatible one. */
  readonly isUnknownAccepted: boolean;
  /** Refused when the contract has another revision by then. */
  readonly expectedRevision: number | null;
}

export interface StateRequest {
  readonly to: 'active' | 'deprecated' | 'retired';
  /** Of an activation; at once when absent. */
  readonly effective: StoredEffective | null;
  readonly note: string | null;
  readonly isUnknownAccepted: boolean;
  readonly expectedRevision: number | null;
}

export type RegisterOutcome = 'registered' | 'activated' | 'unchanged';

export interface Registered {
  readonly outcome: RegisterOutcome;
  readonly version: string;
  readonly contract: ContractView;
  readonly warnings: readonly string[];
  /** Whom the change to the version promised before reaches. */
  readonly consumers: readonly AffectedTable[];
}

export interface RegistryService {
  /** `context`: who does it, for the audit log; `foz` when absent. */
  register(request: RegisterRequest, context?: RequestContext): Promise<Answer<Registered>>;
  changeState(id: string, version: string, request: StateRequest, context?: RequestContext): Promise<Answer<ContractView>>;
  list(page: Page): Promise<Answer<Paged<ContractView>>>;
  get(id: string): Promise<Answer<ContractView>>;
  history(id: string, page: Page): Promise<Answer<Paged<EventView>>>;
  /** `version`: a version, `latest` (the highest) or `active` (the newest in force). */
  show(id: string, version: string): Promise<Answer<VersionDocument>>;
  /** Versions that judge rows of the table, oldest first; empty when no contract has it. */
  inForce(table: string): Promise<Answer<readonly InForceView[]>>;
}

export interface RegistryServiceOptions {
  readonly store: ContractStore;
  readonly clock: Clock;
  /** Reads documents of the store, which were judged when they came. */
  readonly read: ReadContract;
  readonly judge: ContractJudge;
  /** Who reads a table; absent: nobody is known. */
  readonly consumers?: FindConsumers;
}

interface Deps extends RegistryServiceOptions {
  readonly documents: RegisteredDocuments;
}

interface Changing extends Deps {
  readonly context: RequestContext;
}

export function registryService(options: RegistryServiceOptions): RegistryService {
  const deps: Deps = { ...options, documents: registeredDocuments(options) };
  const { store } = options;
  return {
    register: (request, context) => register({ ...deps, context: context ?? ownContext }, request),
    changeState: (id, version, request, context) => changeState({ ...deps, context: context ?? ownContext }, id, version, request),
    async list(page) {
      const rows = await store.listContracts({ after: page.token, limit: page.size + 1 });
      const { items, nextToken } = pagedFrom(rows, page.size, (row) => row.id);
      return ok({ items: items.map(contractView), nextToken });
    },
    async get(id) {
      const stored = await store.getContract(id);
      return stored ? ok(contractView(stored)) : contractMissing(id);
    },
    async history(id, page) {
      if (!(await store.getContract(id))) return contractMissing(id);
      const after = Number(page.token ?? 0);
      if (!Number.isSafeInteger(after) || after < 0) return refused('invalid', 'pageToken is not one of this list');
      const rows = await store.listEvents(id, { after, limit: page.size + 1 });
      const items = rows.slice(0, page.size).map(eventView);
      return ok({ items, nextToken: rows.length > page.size ? String(after + items.length) : null });
    },
    async show(id, version) {
      const stored = await store.getContract(id);
      if (!stored) return contractMissing(id);
      const name = namedVersion(stored, version);
      const found = stored.versions.find((candidate) => candidate.version === name);
      return found ? ok(await deps.documents.open(id, found)) : versionMissing(id, version);
    },
    async inForce(table) {
      const id = await store.contractOfTable(table);
      const stored = id === null ? null : await store.getContract(id);
      const versions = stored === null ? [] : inForceFor(table, stored.versions);
      return ok(versions.map((version) => ({ id: stored?.id ?? '', ...versionView(version) })));
    },
  };
}

async function register(deps: Changing, request: RegisterRequest): Promise<Answer<Registered>> {
  const problem = textProblem(request.document);
  if (problem !== null) return refused('contract-invalid', problem);
  const reading = await deps.judge.read(request.document, request.documentName);
  if (reading.kind === 'problems') {
    const [first] = reading.problems;
    const where = first ? `${first.file}:${first.line}:${first.column}: ${first.message}` : 'it is empty';
    const more = reading.problems.length > 1 ? ` (and ${reading.problems.length - 1} more)` : '';
    const problems = reading.problems.slice(0, registryLimits.problemsTold);
    return refused('contract-invalid', `The document is no contract: ${where}${more}`, { problems });
  }
  const { contract, format } = reading;
  const unfit = contractProblem(contract) ?? unenforceable(contract, await deps.judge.enforcementProblems(contract));
  if (unfit) return unfit;
  const warnings = reading.warnings
    .slice(0, registryLimits.problemsTold)
    .map(({ file, line, column, message }) => `${file}:${line}:${column}: ${message}`);
  const digest = createHash('sha256').update(request.document).digest('hex');
  const candidate: Candidate = { contract, format, digest, warnings };
  return decided<Registered>(deps, contract.id, request.expectedRevision, (stored) => decideRegistration(deps, request, candidate, stored));
}

interface Candidate {
  readonly contract: Contract;
  readonly format: string;
  readonly digest: string;
  readonly warnings: readonly string[];
}

async function decideRegistration(
  deps: Deps,
  request: RegisterRequest,
  { contract, format, digest, warnings }: Candidate,
  stored: StoredContract | null,
): Promise<Decision<Registered>> {
  const { id, version } = contract;
  const known = stored?.versions.find((candidate) => candidate.version === version);
  if (known && known.digest !== digest) return otherContent(contract, known, digest);
  if (stored && known && (request.activate === null || known.state === 'active'))
    return { kind: 'done', value: { outcome: 'unchanged', version, contract: contractView(stored), warnings, consumers: [] } };
  if (known && known.state !== 'draft') return illegalState(id, known, 'active');
  if (!known && (stored?.versions.length ?? 0) >= registryLimits.versions)
    return refused('contract-invalid', `Contract ${id} has ${registryLimits.versions} versions, as many as it may have`);
  const promised = await deps.documents.promised(stored);
  const checked = await checkVersion({ ...deps.judge, promised, candidate: contract, isUnknownAccepted: request.isUnknownAccepted });
  if (checked.kind === 'refused') return withConsumers(deps, checked, [contract, ...promised]);
  const consumers = await affected(deps, checked.differences, [contract, ...promised]);
  const at = deps.clock.now();
  const note = noteText(request.note, checked.note);
  const draft = draftOf(id, stored);
  const fresh: StoredVersion = known ?? {
    version,
    state: 'draft',
    digest,
    documentName: request.documentName,
    documentBytes: Buffer.byteLength(request.document),
    format,
    tables: contract.tables.map(({ name }) => name),
    registeredAt: at,
    activation: null,
    activatedAt: null,
    effective: null,
  };
  if (!known) {
    put(draft, fresh);
    draft.documents.push({ version, text: request.document });
    record(draft, { at, version, action: 'registered', from: null, to: 'draft', note });
  }
  if (request.activate) activate(draft, fresh, request.activate, at, note);
  const outcome = request.activate ? 'activated' : 'registered';
  const value = (after: StoredContract): Registered => ({ outcome, version, contract: contractView(after), warnings, consumers });
  return { kind: 'change', change: changeOf(draft), value };
}

const nobody: FindConsumers = async () => ({ consumers: [], isTruncated: false });

/** Named by the newest two versions, beside those that the lineage knows. */
function affected(
  { consumers = nobody }: Deps,
  differences: readonly ContractDifference[],
  contracts: readonly Contract[],
): Promise<readonly AffectedTable[]> {
  return affectedConsumers(differences, consumers, contracts.slice(0, 2));
}

/** Whom the change that was refused would have reached. */
async function withConsumers(deps: Deps, refusal: VersionRefusal, contracts: readonly Contract[]): Promise<Refusal> {
  const { differences = [] } = refusal.detail ?? {};
  return { ...refusal, detail: { ...refusal.detail, consumers: await affected(deps, differences, contracts) } };
}

async function changeState(deps: Changing, id: string, version: string, request: StateRequest): Promise<Answer<ContractView>> {
  return decided(deps, id, request.expectedRevision, async (stored) => {
    if (!stored) return contractMissing(id);
    const found = stored.versions.find((candidate) => candidate.version === namedVersion(stored, version));
    if (!found) return versionMissing(id, version);
    if (found.state === request.to) return { kind: 'done', value: contractView(stored) };
    const draft = draftOf(id, stored);
    const at = deps.clock.now();
    if (request.to === 'active') {
      if (found.state !== 'draft') return illegalState(id, found, 'active');
      const { contract } = await deps.documents.open(id, found);
      const promised = await deps.documents.promised(stored);
      const checked = await checkVersion({ ...deps.judge, promised, candidate: contract, isUnknownAccepted: request.isUnknownAccepted });
      if (checked.kind === 'refused') return withConsumers(deps, checked, [contract, ...promised]);
      activate(draft, found, request.effective ?? { kind: 'now' }, at, noteText(request.note, checked.note));
    } else {
      const isLegal = request.to === 'deprecated' ? found.state === 'active' : found.state === 'draft' || found.state === 'deprecated';
      if (!isLegal) return illegalState(id, found, request.to);
      put(draft, { ...found, state: request.to });
      record(draft, { at, version: found.version, action: request.to, from: found.state, to: request.to, note: request.note });
    }
    return { kind: 'change', change: changeOf(draft), value: contractView };
  });
}

type Decision<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'change'; readonly change: ContractChange; readonly value: (after: StoredContract) => T }
  | Refusal;

/** Reads, decides, and applies to what was read; again when it was changed meanwhile. */
async function decided<T>(
  deps: Changing,
  id: string,
  expectedRevision: number | null,
  decide: (stored: StoredContract | null) => Promise<Decision<T>>,
): Promise<Answer<T>> {
  for (let attempt = 1; attempt <= registryLimits.attempts; attempt++) {
    const stored = await deps.store.getContract(id);
    const revision = stored?.revision ?? 0;
    if (expectedRevision !== null && expectedRevision !== revision)
      return refused('conflict', `Contract ${id} has revision ${revision} by now, not ${expectedRevision}: look at it and decide again`, {
        revision,
      });
    const decision = await decide(stored);
    if (decision.kind === 'refused') return decision;
    if (decision.kind === 'done') return ok(decision.value);
    const { change } = decision;
    const outcome = await deps.store.changeContract(change, recordOfChange(change, deps.context));
    if (outcome.kind === 'changed') return ok(decision.value(merged(stored, change)));
    if (outcome.kind === 'table-taken')
      return refused('contract-table', `Table ${outcome.table} has the contract ${outcome.contract}: one table, one contract`, outcome);
  }
  return refused('conflict', `Contract ${id} kept changing; tried ${registryLimits.attempts} times`);
}

function namedVersion({ versions }: StoredContract, name: string): string | null {
  if (name === 'active') return newestInForce(versions);
  if (name !== 'latest') return name;
  return versions.reduce<string | null>(
    (highest, { version }) => (highest === null || compareVersions(version, highest) > 0 ? version : highest),
    null,
  );
}

function unenforceable(contract: Contract, problems: readonly string[]): Refusal | null {
  if (problems.length === 0) return null;
  const told = problems.slice(0, registryLimits.problemsTold);
  return refused('contract-invalid', `Contract ${contract.id} cannot be enforced: ${told.slice(0, 3).join('; ')}`, { problems: told });
}

function contractMissing(id: string): Refusal {
  return refused('contract-missing', `Contract does not exist: ${id}`);
}

function versionMissing(id: string, version: string): Refusal {
  const what = version === 'active' ? 'has no version in force' : `has no version ${version}`;
  return refused('contract-missing', `Contract ${id} ${what}`);
}

function otherContent({ id, version }: Contract, known: StoredVersion, digest: string): Refusal {
  return refused(
    'contract-exists',
    `Contract ${id} ${version} is registered with another content (SHA-256 ${known.digest.slice(0, 12)}…, not ${digest.slice(0, 12)}…): a version never changes, raise it`,
    { registered: known.digest, given: digest },
  );
}

function illegalState(id: string, { version, state }: StoredVersion, to: string): Refusal {
  const ways = { draft: 'active or retired', active: 'deprecated', deprecated: 'retired', retired: 'nothing any more' }[state];
  return refused('contract-state', `Contract ${id} ${version} is ${state}: it can become ${ways}, not ${to}`, { state, to });
}

function noteText(given: string | null, verdict: string): string {
  return given === null ? verdict : `${given} (${verdict})`;
}

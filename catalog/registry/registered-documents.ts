// Documents of the registry, read. A document never changes, so neither does what was read from it: contracts are kept by
// digest, a bounded number of them.

import type { Contract } from '../../contracts/contract.ts';
import { LakeError } from '../../runtime/errors.ts';
import type { ContractStore, StoredContract, StoredVersion } from '../store/contract-store.ts';
import { versionView, type VersionDocument } from './contract-views.ts';
import { activated } from './in-force.ts';
import { registryLimits } from './registry-limits.ts';
import type { ReadContract } from './registry-ports.ts';

export interface RegisteredDocuments {
  open(id: string, version: StoredVersion): Promise<VersionDocument>;
  /** Every version that was ever activated, newest first; as many as are compared with. */
  promised(stored: StoredContract | null): Promise<readonly Contract[]>;
}

export function registeredDocuments({ store, read }: { readonly store: ContractStore; readonly read: ReadContract }): RegisteredDocuments {
  const contracts = contractCache(read);
  const open: RegisteredDocuments['open'] = async (id, stored) => {
    const document = await store.getDocument(id, stored.version);
    if (document === null) throw new LakeError('CATALOG_REFUSED', `the document of contract ${id} ${stored.version} is not in the store`);
    const contract = contracts.read(document, stored.digest, `${id}@${stored.version}`, stored.documentName);
    return { ...versionView(stored), id, document, contract };
  };
  return {
    open,
    async promised(stored) {
      const promised: Contract[] = [];
      for (const version of activated(stored?.versions ?? []).slice(0, registryLimits.comparedVersions))
        promised.push((await open(stored?.id ?? '', version)).contract);
      return promised;
    },
  };
}

export interface ContractCache {
  /** `what` and `file` are only named in errors. */
  read(text: string, digest: string, what: string, file: string): Contract;
}

/** CATALOG_REFUSED where a document that was taken once can no longer be read: another program wrote it, or a newer one. */
export function contractCache(read: ReadContract): ContractCache {
  const kept = new Map<string, Contract>();
  return {
    read(text, digest, what, file) {
      const found = kept.get(digest);
      if (found) return found;
      const reading = read(text, file);
      if (reading.kind === 'problems')
        throw new LakeError(
          'CATALOG_REFUSED',
          `contract ${what} cannot be read by this program: ${reading.problems[0]?.message ?? 'no reason'}`,
          {
            context: { contract: what, digest },
          },
        );
      if (kept.size >= registryLimits.contractsCached) {
        const [oldest] = kept.keys();
        if (oldest !== undefined) kept.delete(oldest);
      }
      kept.set(digest, reading.contract);
      return reading.contract;
    },
  };
}

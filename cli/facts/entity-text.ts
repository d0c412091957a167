// Entities for people: a line each, and one whole.

import type { EntityView } from '../../catalog/entities/entity-view.ts';
import { factLines, momentText } from '../figures.ts';
import { tableText } from '../output.ts';

export function entityListText(entities: readonly EntityView[]): string {
  if (entities.length === 0) return 'no entities';
  return tableText(
    ['entity', 'owner', 'team', 'contract', 'tables', 'tags', 'what it is'],
    entities.map(({ name, owner, team, contract, tables, tags, description }) => [
      name,
      owner ?? '',
      team ?? '',
      contract?.inForce == null ? '' : `${contract.id} ${contract.inForce}`,
      tables.map((table) => table.name).join(' '),
      tags.join(' '),
      description?.split('\n')[0] ?? '',
    ]),
  );
}

export function entityText(entity: EntityView): string {
  const { name, description, owner, team, domain, tags, tables, contract, columns, declared, updatedAt, updatedBy } = entity;
  const marked = columns.map(({ column, classification, pii, mask, tags: own, description: what, isDeclared }) => [
    `${column}${isDeclared ? ' *' : ''}`,
    classification ?? '',
    pii ?? '',
    mask ?? '',
    own.join(' '),
    what ?? '',
  ]);
  return [
    name,
    ...factLines([
      ['what it is', description?.split('\n', 1)[0] ?? null],
      ['owner', owner],
      ['team', team],
      ['domain', domain],
      ['tags', tags.join(' ')],
      ['tables', tables.map((table) => (table.kind === 'view' ? `${table.name} (view)` : table.name)).join(', ')],
      ['contract', contract && contractText(contract)],
      ['declared', updatedAt === null ? null : `${declared.join(', ')}; ${momentText(updatedAt)} by ${updatedBy ?? '?'}`],
    ]),
    ...(marked.length === 0 ? [] : ['', tableText(['column', 'classification', 'pii', 'mask', 'tags', 'what it is'], marked)]),
    ...(columns.some(({ isDeclared }) => isDeclared) ? ['* declared here'] : []),
  ].join('\n');
}

function contractText({ id, inForce, versions }: NonNullable<EntityView['contract']>): string {
  const others = versions.filter(({ version }) => version !== inForce).map(({ version, state }) => `${version} ${state}`);
  const told = inForce === null ? `${id}, no version in force` : `${id} ${inForce} in force`;
  return others.length === 0 ? told : `${told}; ${others.join(', ')}`;
}

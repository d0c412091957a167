// `foz contract register FILE…`: takes documents into the registry as drafts, or puts them in force at once. What it
// refuses is told with the row that proves it.

import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { AffectedTable } from '../../../catalog/registry/affected-consumers.ts';
import type { EffectiveBody } from '../../../catalog/registry/effective.ts';
import type { Registered } from '../../../catalog/registry/registry-service.ts';
import type { Answer } from '../../../catalog/service/answer.ts';
import { LakeError } from '../../../runtime/errors.ts';
import type { Command } from '../../command.ts';

export const register: Command = {
  description:
    'Register contract documents: the version must say what the change is, and a change that the contract’s compatibility forbids is refused with a row that proves it.',
  arguments: [{ name: '<files...>', doc: 'documents, YAML or JSON, in this order' }],
  options: [
    { flags: '--activate', doc: 'put it in force in the same step; without it the version is a draft, which judges nothing' },
    {
      flags: '--effective-from <place>',
      doc: 'activate it from there on: now, 2026-11-21T12:00:00Z (log time), or topic:0=1234,1=987 (offsets)',
    },
    { flags: '--note <text>', doc: 'kept in the history' },
    { flags: '--accept-unknown', doc: 'take a comparison that can neither be proven nor refuted for a compatible one' },
  ],
  examples: [
    ['foz contract register contracts/definitions/users.odcs.yaml', 'as a draft; exit 1 when it is refused'],
    ['foz contract register users.yaml --activate', 'rows are judged by it from the next batch on'],
    ['foz contract register rides.yaml --effective-from 2026-12-01T00:00:00Z', 'rows from that log time on'],
    ['foz contract register users.yaml --effective-from foz.public.users:0=120000', 'rows from that offset on'],
  ],
  run: async (call) => {
    const [{ openContracts }, { parseEffective, storedEffective }, { affectedText, refusalJson, refusalText }] = await Promise.all([
      import('../../wire.ts'),
      import('../../../catalog/registry/effective.ts'),
      import('../../contract/refusal-text.ts'),
    ]);
    const place = placeOf(call.options, parseEffective);
    const files = call.args.flat().map(String);
    const documents: { file: string; text: string }[] = [];
    for (const file of files) documents.push({ file, text: await textOf(file) });
    const note = call.options['note'];
    await using contracts = await openContracts(call.loadConfig());
    const answers: { file: string; answer: Answer<Registered> }[] = [];
    for (const { file, text } of documents) {
      const request = {
        document: text,
        documentName: basename(file),
        activate: place && storedEffective(place),
        note: typeof note === 'string' ? note : null,
        isUnknownAccepted: call.options['acceptUnknown'] === true,
        expectedRevision: null,
      };
      answers.push({ file, answer: await contracts.register(request, call.signal) });
    }
    call.print(
      {
        documents: answers.map(({ file, answer }) => ({
          file,
          ...(answer.kind === 'ok' ? registeredJson(answer.value) : refusalJson(answer)),
        })),
      },
      () =>
        answers
          .map(({ file, answer }) => `${file}: ${answer.kind === 'ok' ? registeredText(answer.value, affectedText) : refusalText(answer)}`)
          .join('\n'),
    );
    for (const { answer } of answers) if (answer.kind === 'ok') call.note(`foz: next: ${nextCommand(answer.value, place !== null)}`);
    return answers.every(({ answer }) => answer.kind === 'ok') ? 0 : 1;
  },
};

function placeOf(options: Readonly<Record<string, unknown>>, parse: (text: string) => EffectiveBody): EffectiveBody | null {
  const text = options['effectiveFrom'];
  if (typeof text !== 'string') return options['activate'] === true ? { kind: 'now' } : null;
  try {
    return parse(text);
  } catch (cause) {
    throw new LakeError('ARGUMENT_INVALID', '--effective-from is no place to begin', {
      cause,
      context: { expected: 'now, 2026-11-21T12:00:00Z, or topic:0=1234,1=987', found: text.slice(0, 200) },
    });
  }
}

async function textOf(file: string): Promise<string> {
  try {
    // What is not UTF-8 would not come back byte for byte.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await readFile(file));
  } catch (cause) {
    throw new LakeError('ARGUMENT_INVALID', `cannot read ${file}`, {
      cause,
      context: { expected: 'a contract document, UTF-8', found: cause instanceof Error ? cause.message : String(cause) },
    });
  }
}

/** A draft judges nothing; a version in force changes no column of a table that has rows by itself. */
function nextCommand({ contract, version }: Registered, isActivated: boolean): string {
  return isActivated
    ? `foz contract plan ${contract.id}   (what ${version} changes in the table; a table without rows takes it by itself)`
    : `foz contract register … --activate   (puts ${contract.id} ${version} in force)`;
}

function registeredText(
  { outcome, version, contract, warnings, consumers }: Registered,
  affectedText: (affected: AffectedTable) => readonly string[],
): string {
  const found = contract.versions.find((candidate) => candidate.version === version);
  return [
    `${contract.id} ${version} ${outcome}${found ? `: ${found.state}` : ''}`,
    ...warnings.map((warning) => `  warning: ${warning}`),
    ...consumers.flatMap(affectedText),
  ].join('\n');
}

function registeredJson({ outcome, version, contract, warnings, consumers }: Registered): object {
  const state = contract.versions.find((candidate) => candidate.version === version)?.state;
  return { outcome, id: contract.id, version, state, inForce: contract.inForce, revision: contract.revision, warnings, consumers };
}

// The tables of docs/contracts.md, from the code that they describe: pure, so that a test can say whether the committed
// page is current. A table stands between `<!-- name -->` and `<!-- /name -->`.

import { lintChapters } from '../../contracts/document/lint-rules.ts';
import { typeTable, type Database } from '../../contracts/type-table.ts';

/** The page with its tables made anew. */
export function contractsPage(page: string): string {
  const tables: Readonly<Record<string, string>> = {
    'types postgres': typesOf('postgres'),
    'types cassandra': typesOf('cassandra'),
    'lint rules': rules(),
  };
  return Object.entries(tables).reduce((text, [name, table]) => {
    const begin = `<!-- ${name} -->`;
    const end = `<!-- /${name} -->`;
    const [before = '', rest = ''] = text.split(begin);
    return `${before}${begin}\n\n${table}\n\n${end}${rest.split(end)[1] ?? ''}`;
  }, page);
}

function typesOf(database: Database): string {
  const rows = typeTable
    .filter((row) => row.database === database)
    .map(({ names, wire, schema, iceberg, note }) => {
      const shown = Object.keys(schema).length === 0 ? 'any' : JSON.stringify(schema).replaceAll('"', '').slice(1, -1);
      return [names.join(', '), wire, shown.replaceAll(',', ', ').replaceAll(':', ': '), iceberg, note ?? ''];
    });
  return tableOf(['physical type', 'wire form', 'logical JSON', 'Iceberg', ''], rows);
}

function rules(): string {
  return lintChapters
    .map(([heading, chapter]) => {
      const rows = Object.entries(chapter).map(([name, { severity, doc }]) => [`\`${name}\``, severity, doc]);
      return `### ${heading}\n\n${tableOf(['rule', 'severity', 'what it found'], rows)}`;
    })
    .join('\n\n');
}

function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(3, ...all.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string => `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

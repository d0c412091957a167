// One self-contained page a contract: no script, no request to anywhere, every text of the contract escaped. A contract
// is written by anybody, so the page also forbids by its own policy whatever slipped through, and shows texts with their
// direction isolated, so that none can dress its neighbours.

import type { Contract, ContractColumn, ContractTable } from '../contract.ts';
import { isJsonObject, type JsonSchema } from '../json-schema.ts';
import { isClassified } from '../classified.ts';
import { bodyColumns } from './body-columns.ts';
import { pageStyle } from './html-style.ts';
import { keyOf } from './postgres-ddl.ts';

export function htmlPage(contract: Contract): string {
  const title = contract.name ?? contract.id;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)} ${escaped(contract.version)}</title>
<style>${pageStyle}</style>
</head>
<body>
<header>
<h1>${text(title)} <span class="version">${escaped(contract.version)}</span> <span class="state ${escaped(contract.state)}">${escaped(contract.state)}</span></h1>
${contract.description === null ? '' : `<p class="about">${text(contract.description)}</p>`}
${facts([
  ['Contract', code(contract.id)],
  ['Owner', contract.owner === null ? null : text(contract.owner)],
  ['Domain', contract.domain === null ? null : text(contract.domain)],
  ['Compatibility', escaped(contract.compatibility)],
  ['Rows that break a rule', policyText(contract.policy)],
  ['Tags', tagsText(contract.tags)],
])}
</header>
<main>
${contract.tables.map(tableSection).join('\n')}
${serviceLevels(contract)}
</main>
<footer>Generated from the contract; changes belong there.</footer>
</body>
</html>
`;
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;', '`': '&#96;' };

export function escaped(value: string): string {
  // Characters that HTML has no place for would be shown as others by some browsers.
  return value.replaceAll(/[^\P{Cc}\t\n\r]/gu, '\ufffd').replaceAll(/[&<>"'`]/g, (char) => entities[char] ?? '');
}

function text(value: string): string {
  return `<bdi>${escaped(value)}</bdi>`;
}

function code(value: string): string {
  return `<code><bdi>${escaped(value)}</bdi></code>`;
}

function facts(rows: readonly (readonly [string, string | null])[]): string {
  const told = rows.filter(([, value]) => value !== null && value !== '');
  return `<dl>${told.map(([name, value]) => `<div><dt>${escaped(name)}</dt><dd>${value ?? ''}</dd></div>`).join('')}</dl>`;
}

function tagsText(tags: readonly string[]): string | null {
  return tags.length === 0 ? null : tags.map((tag) => `<span class="tag">${text(tag)}</span>`).join(' ');
}

function policyText(policy: Contract['policy']): string {
  const meaning = { flag: 'are flagged', quarantine: 'are flagged and kept out of the current view', halt: 'stop the table' };
  return escaped(meaning[policy]);
}

function tableSection(table: ContractTable): string {
  const key = keyOf(table);
  const rows = bodyColumns(table).map(({ column, schema }) => columnRow(column, schema));
  return `<section>
<h2>${text(table.name)}</h2>
${table.description === null ? '' : `<p class="about">${text(table.description)}</p>`}
${facts([
  ['At the source', table.physicalName === null ? null : code(table.physicalName)],
  ['Key', key.length === 0 ? null : key.map(code).join(', ')],
  ['Tags', tagsText(table.tags)],
])}
<div class="scroll"><table>
<thead><tr><th>Property</th><th>Type</th><th>Rules</th><th>Meaning</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table></div>
${table.quality.length === 0 ? '' : `<h3>Quality rules</h3><ul>${table.quality.map((rule) => `<li>${code(shortJson(rule))}</li>`).join('')}</ul>`}
<details><summary>JSON Schema of a row</summary><pre>${escaped(JSON.stringify(table.body, null, 2))}</pre></details>
</section>`;
}

function columnRow(column: ContractColumn, schema: JsonSchema): string {
  const marks = [
    ...(column.keyPosition === null ? [] : [`<span class="mark key">key ${column.keyPosition}</span>`]),
    ...(column.isRequired ? ['<span class="mark">required</span>'] : []),
    ...(column.isUnique ? ['<span class="mark">unique</span>'] : []),
    ...(column.pii === null ? [] : [`<span class="mark pii">pii: ${text(column.pii)}</span>`]),
    ...(column.classification === null
      ? []
      : [`<span class="mark${isClassified(column) ? ' pii' : ''}">${text(column.classification)}</span>`]),
    ...(column.mask === null ? [] : [`<span class="mark pii">mask: ${escaped(column.mask.kind)}</span>`]),
  ];
  const rules = rulesOf(schema);
  return `<tr><th scope="row">${code(column.name)}<div>${marks.join(' ')}</div></th>
<td>${escaped(typeOf(schema))}${column.physicalType === null ? '' : `<div class="physical">${code(column.physicalType)}</div>`}</td>
<td>${rules.map((rule) => `<div>${code(rule)}</div>`).join('')}</td>
<td>${column.description === null ? '' : text(column.description)}${column.tags.length === 0 ? '' : `<div>${tagsText(column.tags) ?? ''}</div>`}</td></tr>`;
}

function typeOf(schema: JsonSchema): string {
  if (!isJsonObject(schema)) return schema ? 'any' : 'none';
  const { type, format } = schema;
  const types = (Array.isArray(type) ? type : [type]).filter((one) => typeof one === 'string');
  const named = types.length === 0 ? 'any' : types.join(' or ');
  return typeof format === 'string' ? `${named} (${format})` : named;
}

/** What a property's schema says besides its type and its annotations. */
const notRules: ReadonlySet<string> = new Set(['type', 'format', 'description', 'title', '$comment', 'default', 'examples', 'deprecated']);

function rulesOf(schema: JsonSchema): readonly string[] {
  if (!isJsonObject(schema)) return [];
  return Object.entries(schema)
    .filter(([keyword]) => !notRules.has(keyword) && !keyword.startsWith('x-'))
    .map(
      ([keyword, value]) => `${keyword}: ${Array.isArray(value) ? value.slice(0, listedMax).map(shortJson).join(', ') : shortJson(value)}`,
    );
}

const shortMax = 300;
const listedMax = 50;

function shortJson(value: unknown): string {
  const written = JSON.stringify(value);
  return written.length > shortMax ? `${written.slice(0, shortMax)}…` : written;
}

function serviceLevels({ serviceLevels: levels }: Contract): string {
  if (levels.length === 0) return '';
  const rows = levels.map(
    ({ property, value, unit, element }) =>
      `<tr><th scope="row">${text(property)}</th><td>${escaped(shortJson(value))} ${unit === null ? '' : escaped(unit)}</td><td>${element === null ? '' : code(element)}</td></tr>`,
  );
  return `<section><h2>Service levels</h2><div class="scroll"><table><thead><tr><th>Property</th><th>Value</th><th>Of</th></tr></thead><tbody>${rows.join('')}</tbody></table></div></section>`;
}

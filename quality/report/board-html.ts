// The board of service levels as one page: nothing is loaded, nothing runs, so that it can be mailed, archived or served from
// anywhere. States are said in words; colour only repeats them.

import type { Outcome } from '../result.ts';
import { countLevels, type Board, type BoardCheck, type BoardLevel, type BoardTable, type LevelState } from './board.ts';
import { boardStyle } from './board-style.ts';
import { headline, percent } from './board-text.ts';

type Tone = 'good' | 'warn' | 'bad' | 'none';

const stateTones: Readonly<Record<LevelState, Tone>> = {
  kept: 'good',
  'at risk': 'warn',
  broken: 'bad',
  'not measured': 'none',
  'not executed': 'none',
};

export function boardHtml(board: Board): string {
  const title = headline(board);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${text(title)}</title>
<style>${boardStyle}</style>
</head>
<body>
<main>
<header>
<h1>Service levels of the lake</h1>
<p class="headline">${text(title)}</p>
<p class="when">As of ${timeHtml(board.at)}</p>
${sumHtml(board)}
</header>
${board.tables.map((table) => tableHtml(table)).join('\n')}
<footer>Score: the share of checks that hold, weighted by severity (error 4, warning 2, info 1; a warning counts half), of those that were judged. Coverage: how much of what is declared the score speaks of. What was skipped, is unknown or is not executed is never passed; it lowers the coverage.</footer>
</main>
</body>
</html>
`;
}

/** One part a service level, in the order of the page. */
function sumHtml({ tables }: Board): string {
  const levels = tables.flatMap(({ levels: own }) => own);
  if (levels.length === 0) return '';
  const { kept, promised, broken, unknown } = countLevels(tables);
  const parts = levels.map(({ state }) => `<span class="${stateTones[state]}" style="background: currentColor"></span>`);
  return `<div class="sum" role="img" aria-label="${kept} of ${promised} kept, ${broken} broken, ${unknown} not known">${parts.join('')}</div>`;
}

function tableHtml({ table, contract, score, coverage, levels, checks, notExecuted }: BoardTable): string {
  const of = contract === null ? 'no contract' : `contract ${contract.id} ${contract.version}`;
  const passed = checks.filter(({ outcome }) => outcome === 'passed');
  const others = checks.filter(({ outcome }) => outcome !== 'passed');
  const columns =
    '<thead><tr><th scope="col">State</th><th scope="col">What</th><th scope="col">Found</th><th scope="col">Past</th></tr></thead>';
  const rows = (list: readonly string[]): string => `<table>${columns}<tbody>${list.join('')}</tbody></table>`;
  return `<section aria-label="${text(table)}">
<div class="head">${ringHtml(score)}<div><h2>${text(table)}</h2><p>${text(of)} · score ${percent(score)} · coverage ${percent(coverage)}</p></div></div>
${levels.length === 0 ? '<p class="none">No service level is promised.</p>' : rows(levels.map(levelHtml))}
${others.length === 0 ? '' : `<h3>Checks to look at</h3>${rows(others.map(checkHtml))}`}
${passed.length === 0 ? '' : `<details><summary>${passed.length} ${passed.length === 1 ? 'check' : 'checks'} passed</summary>${rows(passed.map(checkHtml))}</details>`}
${notExecuted.length === 0 ? '' : `<details><summary>${notExecuted.length} ${notExecuted.length === 1 ? 'rule' : 'rules'} not executed</summary><ul>${notExecuted.map(ruleHtml).join('')}</ul></details>`}
</section>`;
}

/** The score as a ring; dashed where there is none. */
function ringHtml(score: number | null): string {
  const tone: Tone = score === null ? 'none' : score === 100 ? 'good' : score >= 80 ? 'warn' : 'bad';
  const label = score === null ? 'no score: nothing was judged' : `score ${score} of 100`;
  const length = 2 * Math.PI * 16;
  const arc =
    score === null
      ? ''
      : `<circle cx="20" cy="20" r="16" fill="none" stroke="currentColor" stroke-width="4" stroke-linecap="round" stroke-dasharray="${((score / 100) * length).toFixed(2)} ${length.toFixed(2)}" transform="rotate(-90 20 20)"/>`;
  const track = `<circle cx="20" cy="20" r="16" fill="none" stroke="var(--track)" stroke-width="4"${score === null ? ' stroke-dasharray="2 3"' : ''}/>`;
  return `<svg class="ring ${tone}" viewBox="0 0 40 40" role="img" aria-label="${label}">${track}${arc}<text x="20" y="24" text-anchor="middle">${score ?? '–'}</text></svg>`;
}

function levelHtml({ property, element, promised, state, description, driver, declaredIn, ...shown }: BoardLevel): string {
  const tone = stateTones[state];
  const what = [element === null ? property : `${property} of ${element}`, promised] as const;
  const about = [description, driver === null ? null : `driver: ${driver}`, `declared in ${declaredIn}`].filter((part) => part !== null);
  return rowHtml({ state, tone, what, about: about.join(' · ') }, shown);
}

function checkHtml({ id, title, outcome, severity, expected, declaredIn, ...shown }: BoardCheck): string {
  const about = `${title} · must be ${expected} · ${severity} · declared in ${declaredIn}`;
  return rowHtml({ state: outcome ?? 'not run', tone: outcomeTone(outcome), what: [id, ''], about }, shown);
}

function outcomeTone(outcome: Outcome | null): Tone {
  if (outcome === 'passed') return 'good';
  if (outcome === 'warning') return 'warn';
  return outcome === 'failed' || outcome === 'error' ? 'bad' : 'none';
}

interface RowHead {
  readonly state: string;
  readonly tone: Tone;
  /** Bold, and what follows it. */
  readonly what: readonly [name: string, more: string];
  readonly about: string;
}

function rowHtml(
  { state, tone, what, about }: RowHead,
  {
    found,
    share,
    reason,
    at,
    history,
  }: Omit<BoardLevel, 'property' | 'element' | 'promised' | 'state' | 'description' | 'driver' | 'declaredIn' | 'checkId'>,
): string {
  const meter =
    share === null
      ? ''
      : `<span class="meter ${tone}"><i style="width: ${Math.min(100, Math.max(2, Math.round(share * 100)))}%"></i></span>`;
  const why = reason === null ? '' : `<small>${text(reason)}</small>`;
  const when = at === null ? '' : `<small>${timeHtml(at)}</small>`;
  return `<tr><td class="state ${tone}">${text(state)}</td><td class="name"><b>${text(what[0])}</b> ${text(what[1])}<small>${text(about)}</small></td><td class="found">${text(found ?? '–')}${meter}${why}${when}</td><td class="past">${pastHtml(history)}</td></tr>`;
}

/** A tick a result, the newest at the right: low where it passed, high where it did not. */
function pastHtml(history: readonly Outcome[]): string {
  if (history.length === 0) return '';
  const ticks = history.map((outcome, at) => {
    const tone = outcomeTone(outcome);
    const height = tone === 'good' ? 8 : tone === 'none' ? 4 : tone === 'warn' ? 13 : 18;
    return `<rect class="${tone}" fill="currentColor" x="${4 * (30 - history.length + at)}" y="${20 - height}" width="3" height="${height}" rx="1"/>`;
  });
  const passed = history.filter((outcome) => outcome === 'passed').length;
  return `<svg viewBox="0 0 120 20" role="img" aria-label="${passed} of the last ${history.length} passed">${ticks.join('')}</svg>`;
}

function ruleHtml({ id, description, reason, declaredIn }: BoardTable['notExecuted'][number]): string {
  return `<li>${text(id)}: ${text(description)}<small>${text(reason)} · declared in ${text(declaredIn)}</small></li>`;
}

function timeHtml(at: number): string {
  const iso = new Date(at).toISOString();
  return `<time datetime="${iso}">${iso.slice(0, 16).replace('T', ' ')} UTC</time>`;
}

function text(value: string): string {
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;');
}

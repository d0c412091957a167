// The board of service levels in a real browser: as people see it, on a wide screen and on a phone, light and dark. Skipped,
// saying so, where there is no Chromium. FOZ_TEST_SCREENSHOTS=DIR keeps what it saw.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { pathToFileURL } from 'node:url';
import { boardHtml } from '../../quality/report/board-html.ts';
import { boardFixture } from '../unit/quality-board-fixture.ts';
import { browserProgram, openPage, type Page } from './browser.ts';

const program = browserProgram();
const skip = program === null ? 'not run: there is no Chromium (FOZ_TEST_BROWSER names one)' : false;

/** Contrast of every text that is seen against what is behind it, the least first. Spec: WCAG 2.2, contrast (minimum). */
const contrasts = `(() => {
  const rgb = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = rgb(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    const { parentElement: node, textContent: text } = walker.currentNode;
    if (text.trim() === '' || !node.checkVisibility()) continue;
    const style = getComputedStyle(node);
    const [a, b] = [light(rgb(node.namespaceURI.endsWith('svg') ? style.fill : style.color)), light(behind(node))].sort((x, y) => y - x);
    found.push([Math.round(((a + 0.05) / (b + 0.05)) * 100) / 100, text.trim().slice(0, 40)]);
  }
  return found.sort((x, y) => x[0] - y[0]);
})()`;

async function seen(page: Page, name: string): Promise<void> {
  const folder = process.env['FOZ_TEST_SCREENSHOTS'];
  const png = await page.screenshot();
  assert.ok(png.length > 10_000, 'the page is not empty');
  if (folder !== undefined) await writeFile(join(folder, `board-${name}.png`), png);
}

test('the board is read on a wide screen and on a phone, light and dark, and loads nothing', { skip, timeout: 120_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'foz-board-'));
  try {
    const { board } = await boardFixture(`<script>document.title = 'forged'</script>`);
    const file = join(folder, 'board.html');
    await writeFile(file, boardHtml(board));
    await using page = await openPage(program ?? '');
    await page.open(pathToFileURL(file).href);
    assert.deepEqual(page.complaints, []);
    assert.equal(await page.value('document.title'), '2 of 7 service levels kept, 1 broken, 4 not known');
    const states = `[...document.querySelectorAll('section')].map((table) => [
      table.querySelector('h2').textContent,
      ...[...table.querySelector('table').querySelectorAll('tbody tr')].map((row) => row.querySelector('.state').textContent)])`;
    assert.deepEqual(await page.value(states), [
      ['rides', 'kept'],
      ['users', 'kept', 'broken', 'not measured', 'not measured', 'not measured', 'not executed'],
    ]);
    const papers = new Set<unknown>();
    for (const scheme of ['light', 'dark'] as const)
      for (const [screen, width] of [
        ['wide', 1200],
        ['phone', 360],
      ] as const) {
        await page.look({ width, height: 900, scheme });
        papers.add(await page.value('getComputedStyle(document.body).backgroundColor'));
        const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
        assert.equal(await page.value(overflow), 0, `${scheme} ${screen}: nothing is wider than the screen`);
        const texts = (await page.value(contrasts)) as readonly (readonly [number, string])[];
        assert.ok(texts.length > 40, `${texts.length} texts`);
        assert.ok((texts[0]?.[0] ?? 0) >= 4.5, `${scheme} ${screen}: ${JSON.stringify(texts.slice(0, 3))}`);
        await seen(page, `${scheme}-${screen}`);
      }
    assert.equal(papers.size, 2, 'light and dark are two');
    // A meter is as long as what was measured, of what was promised.
    await page.look({ width: 1200, height: 900, scheme: 'light' });
    const meters = `[...document.querySelectorAll('.meter')].map((meter) => Math.round(100 * meter.firstElementChild.clientWidth / meter.clientWidth))`;
    assert.deepEqual(await page.value(meters), [97, 21, 100, 8]);
    // What passed and what is not executed opens with a click.
    const opened = `(() => { const [first] = document.querySelectorAll('details'); first.querySelector('summary').click();
      return first.querySelector('tbody .name b').checkVisibility(); })()`;
    assert.equal(await page.value(opened), true);
    assert.deepEqual(page.complaints, []);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

// The board of service levels: every promise stands on it, with its result or the reason that there is none.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { tableText } from '../../cli/output.ts';
import { boardHtml } from '../../quality/report/board-html.ts';
import { boardText } from '../../quality/report/board-text.ts';
import { countLevels } from '../../quality/report/board.ts';
import { boardFixture } from './quality-board-fixture.ts';
import { readXml, type XmlElement } from './read-xml.ts';

describe('the board of service levels', () => {
  it('shows every level once, kept only where it was measured lately', async () => {
    const { declared, board } = await boardFixture();
    const levels = board.tables.flatMap(({ table, levels: own }) =>
      own.map(({ property, element, state, found, share, reason, history }) => [
        `${table} ${property} ${element ?? ''}`.trim(),
        state,
        found,
        share === null ? null : Number(share.toFixed(2)),
        reason,
        history.length,
      ]),
    );
    assert.deepEqual(levels, [
      ['rides freshness', 'kept', '58 s', 0.97, null, 3],
      ['users freshness', 'kept', '12.4 s', 0.21, null, 30],
      ['users latency', 'broken', '44 s', 1.47, 'expected at most 1m', 10],
      ['users frequency', 'not measured', null, null, 'the source is away', 2],
      ['users freshness users.updated_at', 'not measured', '5 s', 0.08, 'not measured for 3d', 4],
      ['users freshness users.created_at', 'not measured', null, null, 'it has not run yet', 0],
      ['users generalAvailability', 'not executed', null, null, 'a date that people keep', 0],
    ]);
    assert.equal(levels.length, declared.serviceLevels.length);
    assert.deepEqual(countLevels(board.tables), { promised: 7, kept: 2, broken: 1, unknown: 4 });
  });

  it('shows the other checks, those that need somebody first, and what is not executed', async () => {
    const { board } = await boardFixture();
    const [rides, users] = board.tables;
    assert.deepEqual(
      users?.checks.map(({ id, outcome }) => [id, outcome]),
      [
        ['users.status-known', 'failed'],
        ['users.broken-sql', 'error'],
        ['users.email-present', 'passed'],
      ],
    );
    assert.deepEqual(
      users?.notExecuted.map(({ id }) => id),
      ['users.nice'],
    );
    assert.deepEqual([rides?.score, rides?.coverage, users?.score, users?.coverage], [100, 100, 66, 47]);
    assert.deepEqual([rides?.contract, users?.contract?.id], [{ id: 'rides', version: '2.0.0' }, 'users']);
  });

  it('says so in text, and what a terminal sees has every level', async () => {
    const { board } = await boardFixture();
    const text = boardText(board, tableText);
    assert.equal(text.split('\n')[0], '2 of 7 service levels kept, 1 broken, 4 not known');
    assert.match(text, /^users \(contract users 1\.0\.0\): score 66 %, coverage 47 %$/m);
    assert.match(text, /^BROKEN +latency +30 s +44 s +expected at most 1m$/m);
    assert.match(text, /^not executed +generalAvailability +2026-12-01 +– +a date that people keep$/m);
    assert.match(boardText({ at: 0, tables: [] }, tableText), /nothing is declared/);
  });

  it('is a page that holds whatever people wrote as text, loads nothing and runs nothing', async () => {
    const hostile = `<script>alert(1)</script>" onload='x' &amp; <img src=x>`;
    const { board } = await boardFixture(hostile);
    const html = boardHtml(board);
    // The page is written so that it is well-formed XML too, but for what HTML leaves open.
    const body = html.slice(html.indexOf('<body>'), html.indexOf('</body>') + 7).replaceAll('&#39;', '&apos;');
    const names = new Set(all(readXml(body)).map(({ name }) => name));
    for (const name of ['script', 'img', 'link', 'iframe', 'a']) assert.ok(!names.has(name), name);
    const handlers = all(readXml(body)).flatMap(({ attributes }) =>
      Object.keys(attributes).filter((name) => /^(?:on|src|href)/.test(name)),
    );
    assert.deepEqual(handlers, []);
    const texts = all(readXml(body)).map(({ text }) => text);
    for (const shown of [
      `emails are there${hostile}`,
      `new rows within a minute${hostile}`,
      `a text is for people${hostile}`,
      `the source is away${hostile}`,
    ])
      assert.ok(
        texts.some((text) => text.includes(shown)),
        shown,
      );
    assert.ok(!/url\(|@import|https?:/.test(html), 'nothing is loaded');
  });
});

function all(element: XmlElement): readonly XmlElement[] {
  return [element, ...element.children.flatMap(all)];
}

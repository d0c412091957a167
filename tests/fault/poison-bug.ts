// A decoder with a bug: certain values kill the process.

import { writeFiles } from '../../sync/decode/file-writer.ts';
import { pageValue } from '../../sync/decode/row-pages.ts';

/** Kills when its value is decoded; `deadly even unread` when it is only there. */
export const deadly = 'deadly value';
export const deadlyUnread = 'deadly even unread';

export const deadlyWrite: typeof writeFiles = (...args) => {
  for (const page of args[2].pages) {
    for (let row = 0; row < page.rows; row++) {
      const text = Buffer.from(pageValue(page, row) ?? []).toString();
      if (text.includes(deadlyUnread) || (text.includes(deadly) && page.reasons[row] === 0)) process.abort();
    }
  }
  return writeFiles(...args);
};

// Where something listens.

import { text } from '../../runtime/options.ts';

export const listen = (preset: string) =>
  text({ doc: 'host:port to listen on; port 0 chooses a free one', pattern: '^.+:[0-9]{1,5}$', title: 'host:port', default: preset });

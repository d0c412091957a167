// A process that looks after alerts, to be killed: `node quality-alert-teller.ts DATABASE URL`.

import { sqliteCatalogStore } from '../../catalog/store/sqlite-catalog-store.ts';
import { openAlerts } from '../../quality/alert/alerts.ts';
import { webhookReceiver } from '../../quality/alert/receivers/webhook.ts';
import { systemClock } from '../../runtime/clock.ts';
import { silentLogger } from '../../runtime/log.ts';
import { systemRandom } from '../../runtime/random.ts';
import { secret } from '../../runtime/secret.ts';

const [, , path = '', url = ''] = process.argv;
const { quality: store } = await sqliteCatalogStore({ path });
const receiver = webhookReceiver({
  name: 'ops',
  severity: 'warning',
  takes: () => true,
  link: null,
  url: secret(url),
  token: null,
  signingKey: null,
});
const alerts = openAlerts({
  store,
  receivers: [receiver],
  clock: systemClock,
  random: systemRandom,
  logger: silentLogger,
  // The claim of a process that died ends soon enough for a test.
  limits: { timeoutMs: 500, claimExtraMs: 200, retryMinMs: 20, retryMaxMs: 60, retryForMs: 60_000 },
});
const never = new AbortController().signal;
process.stdout.write('up\n');
for (;;) {
  await alerts.catchUp();
  await alerts.tick(never);
  await systemClock.sleep(10);
}

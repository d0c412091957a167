// Receivers of alerts as foz.yaml names them.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { loadConfig } from '../../cli/config.ts';
import { alertReceivers } from '../../cli/quality/alert-receivers.ts';
import type { Receiver } from '../../quality/alert/alert.ts';
import { LakeError } from '../../runtime/errors.ts';

async function receiversOf(yaml: string): Promise<readonly Receiver[]> {
  const folder = await mkdtemp(join(tmpdir(), 'foz-alert-config-'));
  try {
    const file = join(folder, 'foz.yaml');
    await writeFile(
      file,
      `kafka: { brokers: ["127.0.0.1:1"] }
lake: { store: { kind: filesystem, path: lake } }
catalog: { kind: embedded }
sync: { tables: [{ topic: pg.public.users }] }
quality: { alerts: { receivers: [${yaml}] } }
`,
    );
    return alertReceivers(loadConfig(file));
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('each kind of receiver is made of its settings; who takes what follows severity and patterns', async () => {
  const receivers = await receiversOf(`
    { kind: webhook, name: pager, url: "https://example.org/hook", token: tok, signingKey: key, severity: error, checks: ["rides.*", users.email] },
    { kind: slack, name: team, url: "https://example.org/slack" },
    { kind: email, name: mail, host: smtp.example.org, user: foz, password: pass, from: foz@example.org, to: [a@example.org] },
    { kind: sns, name: ops, topic: "arn:aws:sns:eu-west-1:1:t", region: eu-west-1, accessKeyId: AK, secretAccessKey: SK }`);
  assert.deepEqual(
    receivers.map(({ name, severity, takes }) => [name, severity, ['rides.fare', 'users.email', 'users.city'].map(takes)]),
    [
      ['pager', 'error', [true, true, false]],
      ['team', 'warning', [true, true, true]],
      ['mail', 'warning', [true, true, true]],
      ['ops', 'warning', [true, true, true]],
    ],
  );
});

const problem = async (yaml: string): Promise<string> => {
  try {
    await receiversOf(yaml);
    return 'none';
  } catch (error) {
    assert.ok(error instanceof LakeError && error.code === 'CONFIG_INVALID');
    return `${error.message} ${JSON.stringify(error.context)}`;
  }
};

test('two of one name, an address that is none, and a kind that is none are told, without the secret', async () => {
  const one = '{ kind: slack, name: team, url: "https://example.org/s3cret" }';
  assert.match(await problem(`${one}, ${one}`), /two receivers of alerts are called team/);
  const odd = await problem('{ kind: webhook, name: pager, url: "file:///etc/s3cret" }');
  assert.match(odd, /the url of receiver pager is no address/);
  assert.doesNotMatch(odd, /s3cret/);
  assert.match(await problem('{ kind: pigeon, name: coo }'), /kind/);
  assert.match(await problem('{ kind: email, name: mail, host: h, from: f, to: [] }'), /to/);
});

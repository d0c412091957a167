// Alerts against real endpoints on loopback: what they receive, in whatever order they fail and answer.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import test from 'node:test';
import { memoryCatalogStore } from '../../catalog/store/memory-catalog-store.ts';
import type { QualityStore } from '../../catalog/store/quality-store.ts';
import type { AlertMessage, Receiver } from '../../quality/alert/alert.ts';
import { openAlerts, type Alerts } from '../../quality/alert/alerts.ts';
import { listBoards } from '../../quality/alert/board-store.ts';
import { emptyBoard, observe } from '../../quality/alert/board.ts';
import { messageText, subjectText } from '../../quality/alert/message-text.ts';
import { signedHeaders } from '../../quality/alert/receivers/aws-signature.ts';
import { emailReceiver } from '../../quality/alert/receivers/email.ts';
import { slackReceiver } from '../../quality/alert/receivers/slack.ts';
import { snsReceiver } from '../../quality/alert/receivers/sns.ts';
import { webhookReceiver } from '../../quality/alert/receivers/webhook.ts';
import { storedResult } from '../../quality/run/result-record.ts';
import { silentLogger } from '../../runtime/log.ts';
import { isRecord } from '../../runtime/options.ts';
import { seededRandom } from '../../runtime/random.ts';
import { secret } from '../../runtime/secret.ts';
import { alertCheck, alertResult } from './quality-alert-fixture.ts';
import { httpReceiver, smtpServer } from './quality-alert-servers.ts';

const addressed = { name: 'ops', severity: 'warning', takes: () => true, link: 'https://data.example.org/checks/{check}' } as const;
const email = alertCheck('users.email', { description: 'Everyone has an <address>' });
const city = alertCheck('users.city');

/** Time passes as soon as somebody waits for it; here only by `at`. */
function clockAt(start: number) {
  const clock = { at: start, now: () => clock.at, sleep: async () => undefined };
  return clock;
}

function alertsTo(receivers: readonly Receiver[], store: QualityStore, clock = clockAt(1_000), timeoutMs = 2_000): Alerts {
  const limits = { timeoutMs, claimExtraMs: 1_000, retryMinMs: 100, retryMaxMs: 60_000, retryForMs: 3_600_000 };
  return openAlerts({ store, receivers, clock, random: seededRandom(7), logger: silentLogger, limits });
}

const never = new AbortController().signal;

function webhook(url: string, more: object = {}): Receiver {
  return webhookReceiver({ ...addressed, url: secret(url), token: null, signingKey: null, ...more });
}

function message(): AlertMessage {
  const at = { receivers: [addressed], isSilenced: () => false, now: 1_000 };
  const board = observe(
    emptyBoard('o'),
    [alertResult(email, 'failed', 1_700_000_000_000), alertResult(city, 'failed', 1_700_000_000_001)],
    at,
  );
  const [delivery] = board.deliveries;
  assert.ok(delivery);
  return { key: delivery.key, table: 'users', changes: delivery.changes, omitted: 0 };
}

test('a receiver that fails twice then answers gets the alert under one key, and never again after its 2xx', async () => {
  await using server = await httpReceiver([{ status: 503 }, 'cut', { status: 204 }]);
  const [store, clock] = [memoryCatalogStore().quality, clockAt(1_000)];
  const alerts = alertsTo([webhook(server.url)], store, clock);
  await alerts.observe([alertResult(email, 'failed', 500)]);
  for (let tries = 0; tries < 6; tries++) {
    const next = await alerts.tick(never);
    clock.at = next ?? clock.at + 60_000;
  }
  assert.equal(server.calls.length, 3);
  assert.equal(
    new Set(server.calls.map(({ headers, body }) => `${String(headers['idempotency-key'])} ${body}`)).size,
    1,
    'the same key and body each time',
  );
  await alerts.observe([alertResult(email, 'failed', 600)]);
  await alerts.tick(never);
  assert.equal(server.calls.length, 3, 'it still fails: nobody is told twice');
  await alerts.observe([alertResult(email, 'passed', 700)]);
  await alerts.tick(never);
  const states = server.calls.map(({ body }) => {
    const value: unknown = JSON.parse(body);
    assert.ok(isRecord(value) && Array.isArray(value['changes']));
    return value['changes'].map((change: Record<string, unknown>) => change['state']).join();
  });
  assert.deepEqual(states, ['firing', 'firing', 'firing', 'resolved']);
});

test('a redirect is not followed, a silent server not waited for, Retry-After is heard; no problem shows the address', async () => {
  await using other = await httpReceiver([{ status: 200 }]);
  await using server = await httpReceiver([
    { status: 307, headers: { location: other.url } },
    { status: 429, headers: { 'retry-after': '50' } },
    'hang',
  ]);
  const [store, clock] = [memoryCatalogStore().quality, clockAt(1_000)];
  const alerts = alertsTo([webhook(server.url)], store, clock, 300);
  await alerts.observe([alertResult(email, 'failed', 500)]);
  const problem = async (): Promise<unknown> => {
    const next = await alerts.tick(never);
    const [delivery] = (await listBoards(store)).get('users')?.deliveries ?? [];
    const waitedMs = (next ?? 0) - clock.at;
    clock.at = next ?? clock.at;
    return [delivery?.problem, waitedMs >= 50_000];
  };
  assert.deepEqual(await problem(), ['HTTP 307: a redirect, which is not followed', false]);
  assert.deepEqual(await problem(), ['HTTP 429', true]);
  assert.deepEqual(await problem(), ['no answer within 300 ms', false]);
  await server[Symbol.asyncDispose]();
  assert.deepEqual(await problem(), ['no answer: ECONNREFUSED', false]);
  assert.equal(other.calls.length, 0);
  assert.doesNotMatch(JSON.stringify([...(await listBoards(store))]), /s3cret|127\.0\.0\.1/);
});

test('what is posted says what failed, where it is declared and how to see the rows, and nothing of a row', async () => {
  await using server = await httpReceiver([{ status: 200 }]);
  const receiver = webhook(server.url, { token: secret('t0ken-t0ken'), signingKey: secret('sign-me') });
  const sent = message();
  assert.deepEqual(await receiver.send(sent, never), { kind: 'delivered' });
  const [call] = server.calls;
  assert.ok(call);
  assert.equal(call.headers.authorization, 'Bearer t0ken-t0ken');
  assert.equal(call.headers['x-foz-signature'], `sha256=${createHmac('sha256', 'sign-me').update(call.body).digest('hex')}`);
  const body: unknown = JSON.parse(call.body);
  assert.ok(isRecord(body) && Array.isArray(body['changes']));
  assert.deepEqual(
    [body['version'], body['kind'], body['key'], body['subject'], body['table']],
    [1, 'foz.alert', sent.key, '2 firing: users', 'users'],
  );
  assert.deepEqual(body['changes'][0], {
    key: sent.changes[0]?.key,
    check: 'users.email',
    state: 'firing',
    level: 'failed',
    severity: 'error',
    title: 'Everyone has an <address>',
    found: '12 of 1,000 rows (1.2 %)',
    expected: '0 rows',
    since: '2023-11-14T22:13:20.000Z',
    at: '2023-11-14T22:13:20.000Z',
    snapshot: '42',
    run: 'run-1700000000000',
    owner: 'accounts',
    declared: 'quality/users.yaml:7',
    query: 'SELECT id FROM current.users WHERE email IS NULL',
    link: 'https://data.example.org/checks/users.email',
  });
  assert.doesNotMatch(call.body, /ana@example/);
});

test('Slack gets text that mentions nobody and links nowhere by itself', async () => {
  await using server = await httpReceiver([{ status: 200 }]);
  assert.deepEqual(await slackReceiver({ ...addressed, url: secret(server.url) }).send(message(), never), { kind: 'delivered' });
  const body: unknown = JSON.parse(server.calls[0]?.body ?? '');
  assert.ok(isRecord(body) && Array.isArray(body['attachments']));
  assert.equal(body['text'], '2 firing: users');
  const [first] = body['attachments'];
  assert.ok(isRecord(first));
  assert.equal(first['color'], 'danger');
  assert.match(String(first['text']), /^FIRING users\.email \(error\)\nEveryone has an &lt;address&gt;\nfound: {4}12 of 1,000 rows/);
});

test('e-mail arrives by SMTP with a message id of its key; a refusal is tried again', async () => {
  await using server = await smtpServer(1);
  const settings = {
    ...addressed,
    host: '127.0.0.1',
    port: server.port,
    tls: 'none',
    user: 'foz',
    password: secret('pa55word'),
    from: 'Foz <foz@example.org>',
    to: ['a@example.org', 'b@example.org'],
    timeoutMs: 2_000,
  } as const;
  const [store, clock] = [memoryCatalogStore().quality, clockAt(1_000)];
  const alerts = alertsTo([emailReceiver(settings)], store, clock);
  await alerts.observe([alertResult(email, 'failed', 500)]);
  clock.at = (await alerts.tick(never)) ?? 0;
  const [delivery] = (await listBoards(store)).get('users')?.deliveries ?? [];
  assert.equal(delivery?.problem, 'SMTP 451 EMESSAGE');
  await alerts.tick(never);
  await alerts.tick(never);
  const [mail, ...others] = server.mails;
  assert.deepEqual([mail?.to, mail?.login, others], [['a@example.org', 'b@example.org'], 'foz pa55word', []]);
  const text = mail?.text ?? '';
  assert.match(text, /^Subject: \[foz\] FIRING users\.email \(error\)$/m);
  assert.match(text, new RegExp(`^Message-ID: <${delivery?.key}@example\\.org>$`, 'm'));
  assert.match(text, new RegExp(`^Idempotency-Key: ${delivery?.key}$`, 'm'));
  assert.match(text, /found: {4}12 of 1,000 rows \(1\.2 %\)/);
  assert.doesNotMatch(text, /ana@example|pa55word/);
});

test('an SMTP server that says nothing, or has no TLS where it is wanted, is a refusal in time', async () => {
  await using silent = await smtpServer(0, true);
  await using plain = await smtpServer();
  const base = {
    ...addressed,
    host: '127.0.0.1',
    user: null,
    password: null,
    from: 'foz@example.org',
    to: ['a@example.org'],
    timeoutMs: 300,
  } as const;
  const [waiting, open] = await Promise.all([
    emailReceiver({ ...base, port: silent.port, tls: 'none' }).send(message(), never),
    emailReceiver({ ...base, port: plain.port, tls: 'starttls' }).send(message(), never),
  ]);
  assert.deepEqual(waiting, { kind: 'refused', problem: 'SMTP ETIMEDOUT', retryAfterMs: null });
  assert.ok(open.kind === 'refused' && /^SMTP .*ETLS/.test(open.problem), JSON.stringify(open));
  assert.deepEqual(plain.mails, []);
});

test('SNS gets Publish with its key, signed where there are credentials', async () => {
  await using server = await httpReceiver([{ status: 200 }]);
  const credentials = { accessKeyId: secret('AKIDEXAMPLE'), secretAccessKey: secret('secret-secret'), sessionToken: null };
  const receiver = snsReceiver({
    ...addressed,
    topic: 'arn:aws:sns:eu-west-1:1:alerts.fifo',
    region: 'eu-west-1',
    endpoint: new URL('/', server.url).href,
    credentials,
  });
  const sent = message();
  assert.deepEqual(await receiver.send(sent, never), { kind: 'delivered' });
  const [call] = server.calls;
  const form = new URLSearchParams(call?.body);
  assert.deepEqual(
    ['Action', 'TopicArn', 'Subject', 'MessageGroupId', 'MessageDeduplicationId', 'MessageAttributes.entry.1.Value.StringValue'].map(
      (name) => form.get(name),
    ),
    ['Publish', 'arn:aws:sns:eu-west-1:1:alerts.fifo', '2 firing: users', 'users', sent.key, sent.key],
  );
  assert.match(
    String(call?.headers.authorization),
    /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-west-1\/sns\/aws4_request, SignedHeaders=content-type;host;idempotency-key;x-amz-date, Signature=[0-9a-f]{64}$/,
  );
});

test('signatures are those of the published example', () => {
  const headers = signedHeaders(
    {
      method: 'GET',
      url: new URL('https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08'),
      headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
      body: '',
      region: 'us-east-1',
      service: 'iam',
      now: new Date('2015-08-30T12:36:00Z'),
    },
    { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY', sessionToken: null },
  );
  assert.equal(
    headers['authorization'],
    'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7',
  );
});

test('a receiver that fails holds up no other one', async () => {
  await using bad = await httpReceiver([{ status: 500 }]);
  await using good = await httpReceiver([{ status: 200 }]);
  const alerts = alertsTo([webhook(bad.url, { name: 'bad' }), webhook(good.url, { name: 'good' })], memoryCatalogStore().quality);
  await alerts.observe([alertResult(email, 'failed', 500)]);
  await alerts.tick(never);
  assert.deepEqual([bad.calls.length, good.calls.length], [1, 1]);
});

test('results that nobody looked at are looked at by the next process, once; at the very first only how things stand', async () => {
  await using server = await httpReceiver([{ status: 200 }]);
  const store = memoryCatalogStore().quality;
  const add = (...results: Parameters<typeof storedResult>[0][]) =>
    store.addResults(results.map((result) => storedResult(result, `${result.check.id} ${result.startedAt}`)));
  await add(alertResult(email, 'failed', 100), alertResult(email, 'passed', 200), alertResult(city, 'failed', 300));
  const first = alertsTo([webhook(server.url)], store);
  await first.catchUp();
  await first.tick(never);
  await add(alertResult(email, 'failed', 400), alertResult(email, 'passed', 500));
  const second = alertsTo([webhook(server.url)], store);
  for (let times = 0; times < 3; times++) {
    await second.catchUp();
    await second.tick(never);
  }
  const told = server.calls.flatMap(({ body }) => {
    const value: unknown = JSON.parse(body);
    assert.ok(isRecord(value) && Array.isArray(value['changes']));
    return value['changes'].map((change: Record<string, unknown>) => `${String(change['state'])} ${String(change['check'])}`);
  });
  assert.deepEqual(told, ['firing users.city', 'firing users.email', 'resolved users.email']);
});

test('many changes are counted where they are not shown', () => {
  const [change] = message().changes;
  assert.ok(change);
  const many: AlertMessage = { key: 'k', table: 'users', changes: Array.from({ length: 50 }, () => change), omitted: 7 };
  assert.match(messageText(many, { link: null }), /^37 earlier changes: foz quality history CHECK\n/);
  assert.match(messageText(many, { link: null }), /rows: {5}foz query 'SELECT id FROM current\.users WHERE email IS NULL'/);
  assert.equal(subjectText({ ...many, changes: [change] }), 'FIRING users.email (error)');
});

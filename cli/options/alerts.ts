// `quality.alerts:` who is told when checks fail, and when they hold again.

import { choice, duration, group, integer, list, optional, secretText, text, variants } from '../../runtime/options.ts';

const common = {
  name: text({ doc: 'What logs and foz quality alerts call it', pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$', title: 'a name' }),
  severity: choice(['info', 'warning', 'error'], { doc: 'Least severity that is told', default: 'warning' }),
  checks: list(text({ doc: 'Ids of checks; * stands for any text: rides.*' }), { doc: 'Whose alerts go here', default: ['*'] }),
};

const receiver = variants(
  {
    webhook: group(
      {
        ...common,
        url: secretText({ doc: 'Where it is posted as JSON' }),
        token: optional(secretText({ doc: 'Bearer token' })),
        signingKey: optional(secretText({ doc: 'HMAC-SHA-256 of the body goes into X-Foz-Signature' })),
      },
      { doc: 'JSON over HTTP' },
    ),
    slack: group({ ...common, url: secretText({ doc: 'The incoming webhook' }) }, { doc: 'Slack, or what takes its incoming webhooks' }),
    email: group(
      {
        ...common,
        host: text({ doc: 'SMTP server' }),
        port: integer({ doc: 'Its port', min: 1, max: 65_535, default: 587 }),
        tls: choice(['starttls', 'tls', 'none'], { doc: 'starttls refuses a server without it', default: 'starttls' }),
        user: optional(text({ doc: 'User' })),
        password: optional(secretText({ doc: 'Password of that user' })),
        from: text({ doc: 'Sender: foz@example.org' }),
        to: list(text({ doc: 'An address' }), { doc: 'Addresses', min: 1 }),
      },
      { doc: 'E-mail by SMTP' },
    ),
    sns: group(
      {
        ...common,
        topic: text({ doc: 'ARN of the topic' }),
        region: text({ doc: 'Region', pattern: '^[a-z0-9-]{1,40}$', title: 'a region' }),
        endpoint: optional(text({ doc: 'Where it answers; absent: AWS', pattern: '^https?://', title: 'a URL' })),
        accessKeyId: optional(secretText({ doc: 'Access key; absent: requests are not signed' })),
        secretAccessKey: optional(secretText({ doc: 'Its secret' })),
        sessionToken: optional(secretText({ doc: 'Session token' })),
      },
      { doc: 'Amazon SNS, or what speaks its HTTP' },
    ),
  },
  { doc: 'A receiver of alerts' },
);

export const alertsOptions = group(
  {
    receivers: list(receiver, { doc: 'Who is told; none: alerts are kept for foz quality alerts alone' }),
    link: optional(text({ doc: 'A page about a check, {check} its id: https://…/{check}', pattern: '^https?://', title: 'a URL' })),
    timeout: duration({ doc: 'Longest time for one try', default: '10s' }),
    retry: group(
      {
        min: duration({ doc: 'Least pause after a try that failed', default: '2s' }),
        max: duration({ doc: 'Longest pause', default: '10m' }),
        for: duration({ doc: 'A delivery that nobody took for so long is given up, and shown as failed', default: '3d' }),
      },
      { doc: 'Tries' },
    ),
  },
  { doc: 'Alerts of quality checks' },
);

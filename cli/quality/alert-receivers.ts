// Receivers of alerts as foz.yaml names them.

import type { Receiver } from '../../quality/alert/alert.ts';
import { emailReceiver } from '../../quality/alert/receivers/email.ts';
import { slackReceiver } from '../../quality/alert/receivers/slack.ts';
import { snsReceiver } from '../../quality/alert/receivers/sns.ts';
import { webhookReceiver } from '../../quality/alert/receivers/webhook.ts';
import { matcherOf } from '../../quality/alert/silence.ts';
import { LakeError } from '../../runtime/errors.ts';
import type { Secret } from '../../runtime/secret.ts';
import type { LoadedConfig } from '../config.ts';

type ReceiverConfig = LoadedConfig['config']['quality']['alerts']['receivers'][number];

/** CONFIG_INVALID for two of one name, and for what is no address. */
export function alertReceivers(loaded: LoadedConfig): readonly Receiver[] {
  const { receivers, link, timeout } = loaded.config.quality.alerts;
  const names = receivers.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) throw invalid(loaded, `two receivers of alerts are called ${twice}`, 'a name for each', twice);
  return receivers.map((config) => receiverOf(loaded, config, { link: link ?? null, timeoutMs: timeout }));
}

function receiverOf(
  loaded: LoadedConfig,
  config: ReceiverConfig,
  { link, timeoutMs }: { readonly link: string | null; readonly timeoutMs: number },
): Receiver {
  const { name, severity } = config;
  const matchers = config.checks.map(matcherOf);
  const addressed = { name, severity, link, takes: (checkId: string) => matchers.some((matches) => matches(checkId)) };
  switch (config.kind) {
    case 'webhook': {
      const { token, signingKey } = config;
      return webhookReceiver({
        ...addressed,
        url: address(loaded, name, config.url),
        token: token ?? null,
        signingKey: signingKey ?? null,
      });
    }
    case 'slack':
      return slackReceiver({ ...addressed, url: address(loaded, name, config.url) });
    case 'email': {
      const { host, port, tls, user, password, from, to } = config;
      return emailReceiver({ ...addressed, host, port, tls, user: user ?? null, password: password ?? null, from, to, timeoutMs });
    }
    case 'sns': {
      const { topic, region, endpoint, accessKeyId, secretAccessKey, sessionToken } = config;
      const credentials =
        accessKeyId === undefined || secretAccessKey === undefined
          ? null
          : { accessKeyId, secretAccessKey, sessionToken: sessionToken ?? null };
      return snsReceiver({ ...addressed, topic, region, endpoint: endpoint ?? null, credentials });
    }
  }
}

/** Checked without being shown: it may hold a token. */
function address(loaded: LoadedConfig, name: string, url: Secret): Secret {
  const parsed = URL.parse(url.reveal());
  if (parsed === null || !/^https?:$/.test(parsed.protocol))
    throw invalid(
      loaded,
      `the url of receiver ${name} is no address`,
      'https://… or http://…',
      'something else (not shown: it is a secret)',
    );
  return url;
}

function invalid(loaded: LoadedConfig, message: string, expected: string, found: string): LakeError {
  return new LakeError('CONFIG_INVALID', message, {
    context: { expected, found, next: `correct quality.alerts.receivers in ${loaded.file}` },
  });
}

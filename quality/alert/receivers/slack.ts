// Alerts to what takes Slack's incoming webhooks: Slack itself, Mattermost, Rocket.Chat and others.
// Spec: https://api.slack.com/messaging/webhooks

import type { Secret } from '../../../runtime/secret.ts';
import type { AlertChange, Receiver } from '../alert.ts';
import { detailLines, headText, subjectText } from '../message-text.ts';
import { httpPost } from './http-post.ts';
import type { Addressed } from './webhook.ts';

export interface SlackSettings extends Addressed {
  readonly url: Secret;
}

const shownMax = 10;
const textMax = 2_900;

export function slackReceiver({ name, severity, takes, link, url }: SlackSettings): Receiver {
  return {
    name,
    severity,
    takes,
    send: (message, signal) => {
      const shown = message.changes.slice(-shownMax);
      const left = message.omitted + message.changes.length - shown.length;
      const attachments = shown.map((change) => ({
        color: colorOf(change),
        fallback: headText(change),
        text: escaped([headText(change), ...detailLines(change, { link })].join('\n').slice(0, textMax)),
      }));
      const text = escaped(`${subjectText(message)}${left === 0 ? '' : ` (and ${left} earlier changes)`}`);
      const headers = { 'content-type': 'application/json', 'idempotency-key': message.key, 'user-agent': 'foz' };
      return httpPost({ url: url.reveal(), headers, body: JSON.stringify({ text, attachments }) }, signal);
    },
  };
}

function colorOf({ state, severity }: AlertChange): string {
  if (state === 'resolved') return 'good';
  return severity === 'error' ? 'danger' : 'warning';
}

/** So that no text of a declaration mentions a channel or makes a link. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

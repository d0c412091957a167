// `catalog.auth`: who may use the catalog besides the holders of its tokens; `catalog.policy`: what analysts see in Trino.

import { identityAlgorithms } from '../../catalog/access/identity-provider.ts';
import { roles } from '../../catalog/access/roles.ts';
import { maskActions } from '../../catalog/policy/access-policy.ts';
import { choice, flag, group, list, optional, secretText, text, type ValueOf } from '../../runtime/options.ts';

const oidc = group(
  {
    issuer: text({ doc: 'Issuer, exactly as the tokens name it (iss)', pattern: '^https?://', title: 'a URL' }),
    audience: text({ doc: 'Audience that tokens for this catalog carry (aud)' }),
    jwksUri: optional(text({ doc: 'Where its keys are; absent: as its discovery document says', pattern: '^https?://', title: 'a URL' })),
    algorithms: list(choice(identityAlgorithms, { doc: 'A signature algorithm' }), {
      doc: 'Signature algorithms that are taken; all others are refused, whatever a token says',
      min: 1,
      default: ['RS256', 'ES256'],
    }),
    nameClaim: text({ doc: 'Claim that names the person in the audit log', default: 'sub' }),
    rolesClaim: text({ doc: 'Claim with the groups or roles: a list, or texts between spaces; a.b is b within a', default: 'roles' }),
    roles: list(
      group(
        { claim: text({ doc: 'A value of the claim' }), role: choice(roles, { doc: 'What it may do here' }) },
        { doc: 'What a value of the claim opens' },
      ),
      { doc: 'Which values of the claim open what; a login without any of them opens nothing', min: 1 },
    ),
  },
  { doc: 'Logins of an OpenID Connect provider: its signed tokens are taken as bearer tokens' },
);

export const catalogAuthOptions = group(
  {
    required: flag({
      doc: 'Ask who is there on loopback too, even before the first token: a lost database does not open the catalog',
      default: false,
    }),
    oidc: optional(oidc),
    tokens: list(
      group(
        {
          name: text({ doc: 'Whose it is, for the audit log; also the client id of OAuth2' }),
          roles: list(choice(roles, { doc: 'A role' }), { doc: 'What it opens', min: 1 }),
          token: secretText({ doc: 'The token: at least 32 random characters, such as `openssl rand -hex 32` gives' }),
        },
        { doc: 'A token' },
      ),
      {
        doc: 'Tokens that are made when the catalog starts, where `foz catalog token create` cannot be run first. One that was revoked stays revoked; one that is taken out here stays until it is revoked',
        default: [],
      },
    ),
  },
  {
    doc: 'Who may use the catalog. Open on loopback until the first `foz catalog token create` or a provider here; never open beyond loopback',
  },
);

export type CatalogAuthConfig = ValueOf<typeof catalogAuthOptions>;

const names = (doc: string) => list(text({ doc: 'A name, exactly' }), { doc, default: [] });
const principals = (doc: string) => group({ users: names('Users of Trino'), groups: names('Groups of Trino') }, { doc });
const tableName = (doc: string) => text({ doc, pattern: '^[^.]+(\\.[^.]+)+$', title: 'NAMESPACE.NAME' });

export const catalogPolicyOptions = group(
  {
    clear: principals('Who sees every column and row as it is'),
    change: principals('Who may write and alter tables as well'),
    unclassified: choice(['deny', 'read'], {
      doc: 'What no contract and no entity speaks of, a table or a column: kept from all others, or read by them as long as nothing of its table is classified',
      default: 'deny',
    }),
    masks: list(
      group(
        {
          pii: optional(text({ doc: 'Columns with this kind of personal data: email, name …' })),
          classification: optional(text({ doc: 'Columns of this classification: restricted, confidential …' })),
          tag: optional(text({ doc: 'Columns with this tag' })),
          mask: choice(maskActions, { doc: 'What stands in for the value; what does not suit the column’s type is null' }),
        },
        { doc: 'The first that matches a column decides; a classified column that none matches is null' },
      ),
      { doc: 'How classified columns are masked', default: [] },
    ),
    filters: list(
      group(
        { table: tableName('The table'), where: text({ doc: 'A condition in Trino’s SQL: rows where it is not true are not there' }) },
        { doc: 'Rows of a table that all others see' },
      ),
      { doc: 'Row filters', default: [] },
    ),
    views: list(
      group(
        { view: tableName('A view that runs as its owner'), like: tableName('The table whose columns it shows under their names') },
        { doc: 'A view that is masked like a table' },
      ),
      {
        doc: 'Views that run as their owner and may be read by all others: their columns are masked by name, unknown ones are null; closed where that table has a filter',
        default: [],
      },
    ),
  },
  { doc: 'What Trino shows of classified columns, given to it as its file-based access rules (`foz catalog rules`)' },
);

export type CatalogPolicyConfig = ValueOf<typeof catalogPolicyOptions>;

/** How Foz’s own commands and worker log in to a catalog that another process serves. */
export const oauthLoginOptions = group(
  {
    tokenEndpoint: optional(
      text({ doc: 'URL that issues tokens; absent: /v1/oauth/tokens of the catalog', pattern: '^https?://', title: 'a URL' }),
    ),
    clientId: text({ doc: 'Client id; for a catalog of Foz the token’s name' }),
    clientSecret: secretText({ doc: 'Client secret; for a catalog of Foz the token itself' }),
    scope: optional(text({ doc: 'Scope asked for' })),
  },
  { doc: 'OAuth2 client credentials' },
);

// An OpenID provider for the apps that are measured: oidc-provider, which signs every visitor in as
// alice at once. `node provider.mjs PORT CLIENTS`, CLIENTS being a JSON list of
// {"client_id", "redirect_uris"}; their secret is SECRET.

import { generateKeyPairSync } from 'node:crypto';
import Provider from 'oidc-provider';
import { ALICE, SECRET } from './people.mjs';

const [port, clients] = process.argv.slice(2);
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const scopes = ['openid', 'profile', 'email'];

const provider = new Provider(`http://localhost:${port}`, {
  clients: JSON.parse(clients).map(({ client_id, redirect_uris }) => ({
    client_id,
    client_secret: SECRET,
    redirect_uris,
    grant_types: ['authorization_code', 'refresh_token'],
  })),
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'one', alg: 'RS256', use: 'sig' }] },
  scopes,
  claims: {
    email: ['email', 'email_verified'],
    profile: Object.keys(ALICE).filter((claim) => !claim.startsWith('email')),
  },
  // Everything in the ID token, as Okta and most others do.
  conformIdTokenClaims: false,
  findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId, ...ALICE }) }),
  issueRefreshToken: () => true,
  loadExistingGrant: async (context) => {
    const { client, session, provider: { Grant } } = context.oidc;
    const grant = new Grant({ clientId: client.clientId, accountId: session.accountId });
    grant.addOIDCScope(scopes.join(' '));
    await grant.save();
    return grant;
  },
  features: {
    devInteractions: { enabled: false },
    // Or each `/login` would be as slow as a call to the provider.
    pushedAuthorizationRequests: { enabled: false },
  },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  pkce: { required: () => false },
  cookies: { keys: [SECRET] },
  ttl: { Session: 3600, Grant: 3600, Interaction: 600, AccessToken: 3600, IdToken: 3600 },
});

provider.use(async (context, next) => {
  if (!context.path.startsWith('/interaction/')) return next();
  const result = { login: { accountId: 'alice' } };
  context.redirect(await provider.interactionResult(context.req, context.res, result));
});

provider.listen(Number(port), 'localhost');

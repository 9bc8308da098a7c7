// Who signs in at the provider, and what a sign-in leaves behind.

/** The secret of every client. */
export const SECRET = 'of-no-use-outside-this-benchmark-4711';

/**
 * The claims of the person who signs in: a dozen, as a company's provider gives them, with so many
 * groups that they and the tokens, the ID token among them, have 6 KB together.
 */
export const ALICE = {
  name: 'Alice Example',
  given_name: 'Alice',
  family_name: 'Example',
  preferred_username: 'alice',
  email: 'alice@example.com',
  email_verified: true,
  locale: 'en-GB',
  zoneinfo: 'Europe/London',
  updated_at: 1_760_000_000,
  roles: ['admin', 'user'],
  groups: Array.from({ length: 85 }, (_, n) => `department-${n}-readers`),
};

const filler = (length) => 'eyJhbGciOiJSUzI1NiIsImtpZCI6Im9uZSJ9'.repeat(length / 36 + 1).slice(0, length);

/** A JWT of about this many characters, signed by an RSA key of 2048 bits. */
function jwt(length) {
  const [header, signature] = [filler(36), Buffer.alloc(256, 7).toString('base64url')];
  const rest = length - header.length - signature.length - 2;
  return [header, filler(rest - (rest % 4)), signature].join('.');
}

/**
 * The record of a user session, whose tokens and claims have `bytes` bytes together: the tokens as
 * JWTs, and the claims of `ALICE` with as many groups as fit into a quarter of the bytes.
 */
export function record(bytes) {
  const now = Math.floor(Date.now() / 1000);
  const claims = { sub: 'alice', iss: 'http://localhost', aud: 'app', ...ALICE, groups: [] };
  const size = () => JSON.stringify(claims).length;
  for (let group = 0; size() < bytes / 4; group += 1) claims.groups.push(`department-${group}-readers`);
  const rest = bytes - size();
  return {
    provider: 'main',
    issuer: 'http://localhost',
    subject: 'alice',
    provider_session: null,
    claims,
    roles: ALICE.roles,
    tokens: {
      access_token: jwt(Math.round(rest * 0.4)),
      access_token_expires_at: now + 3600,
      refresh_token: filler(Math.round(rest * 0.2)),
      id_token: jwt(Math.round(rest * 0.4)),
      nonce: filler(43),
      scopes: ['openid', 'profile', 'email'],
    },
    csrf_token: filler(43),
    authenticated_at: now,
    device: 'Firefox on Linux',
    created_at: now,
    expires_at: now + 43_200,
  };
}

// The providers that the suite runs against, in the order of the matrix.

import * as betterAuth from './better-auth.mjs';
import * as canaille from './canaille.mjs';
import * as glewlwyd from './glewlwyd.mjs';
import * as idpyoidc from './idpyoidc.mjs';
import * as oidcProvider from './oidc-provider.mjs';

export const providers = [oidcProvider, betterAuth, idpyoidc, canaille, glewlwyd];

/** What a variant is called; the matrix takes it apart again. */
export function variantName({ alg, method, userinfo }) {
  return [alg, method, userinfo].join(', ');
}

// The providers that the suite runs against, in the order of the matrix.

import * as canaille from './canaille.mjs';
import * as glewlwyd from './glewlwyd.mjs';
import * as oidcProvider from './oidc-provider.mjs';

export const providers = [oidcProvider, canaille, glewlwyd];

/** What a variant is called; the matrix takes it apart again. */
export function variantName({ alg, method, userinfo }) {
  return [alg, method, userinfo].join(', ');
}

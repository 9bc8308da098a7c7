// The form that the Okta Sign-In Widget draws, and how to fill it in while it still does.

/** The field for the person's name, in both engines. */
export function name(page) {
  return page.locator('input[name="identifier"], input[name="username"]');
}

/** The field for the password, in both engines. */
export function password(page) {
  return page.locator('input[name="credentials.passcode"], input[name="password"]');
}

/** Signs in with the widget. */
export async function fillIn(page, who, secret) {
  // While it draws its form, the widget may take the focus, and what is typed goes elsewhere.
  do {
    await name(page).fill(who);
    await password(page).fill(secret);
  } while (await name(page).inputValue() !== who || await password(page).inputValue() !== secret);
  await submit(page);
}

/** Presses the button until the widget takes it: just after an answer it does not heed a click. */
async function submit(page) {
  let isTaken = false;
  const asked = page
    .waitForRequest((request) => request.method() === 'POST' && /\/(identify|authn)$/.test(request.url()))
    .then(() => (isTaken = true));
  while (!isTaken) {
    await page.locator('input[type="submit"]').click();
    // From the click on until the answer the button is disabled.
    const busy = page.waitForFunction(() => !document.querySelector('input[type="submit"]:enabled'), null, { timeout: 1_000 });
    await Promise.race([asked, busy.then(() => asked, () => {})]);
  }
}

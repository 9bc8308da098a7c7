// Shows the Okta Sign-In Widget with what the server has written on the page.
// If that fails, another way to sign in appears in its place.
const place = document.getElementById("widget");

function showTheOtherWay(error) {
  console.error(`the sign-in widget cannot be shown: ${error?.message ?? error}`);
  place.hidden = true;
  document.querySelector(".page").setAttribute("role", "main");
  document.getElementById("other-way").hidden = false;
}

try {
  const brand = getComputedStyle(document.documentElement).getPropertyValue("--brand").trim();
  new OktaSignIn({ ...JSON.parse(place.dataset.settings), colors: { brand } })
    .showSignInAndRedirect({ el: "#widget" })
    .catch(showTheOtherWay);
} catch (error) {
  showTheOtherWay(error);
}

// Browsers may bring a page back exactly as it was when somebody goes back,
// even after signing out. So a page is hidden when it is left, and asked for
// again when it is brought back.
addEventListener("pagehide", () => {
  document.documentElement.hidden = true;
});
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

// Shows the page anew when the app has been started again or its files have changed.
// Part of debug builds only. The app calls this with its state when the page loads: what
// changes before the first event is seen as well.
((seen) => {
  // The gallery shows many pages at once, and browsers keep few connections to a host.
  if (window.top !== window) return;
  const source = document.currentScript.src.replace(/\.js$/, "");
  let events;

  const showStylesAnew = (version) => {
    const frames = [...document.querySelectorAll("iframe")].map((frame) => frame.contentDocument);
    const documents = [document, ...frames.filter(Boolean)];
    const links = documents.flatMap((it) => [...it.querySelectorAll('link[rel="stylesheet"]')]);
    for (const link of links) {
      const url = new URL(link.href);
      if (url.origin !== location.origin) continue;
      url.searchParams.set("v", version);
      link.href = url;
    }
  };

  const listen = () => {
    events?.close();
    events = new EventSource(source);
    events.onmessage = ({ data }) => {
      const state = JSON.parse(data);
      const before = seen;
      seen = state;
      if (state.app !== before.app || state.files !== before.files) location.reload();
      else if (state.styles !== before.styles) showStylesAnew(state.styles);
    };
    events.onerror = () => {
      // The browser itself tries again, unless what answered was no stream.
      if (events.readyState === EventSource.CLOSED && !document.hidden) setTimeout(listen, 1000);
    };
  };

  // Only the tab that is looked at listens: a handful of tabs would use up the connections.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) events?.close();
    else listen();
  });
  if (!document.hidden) listen();
})

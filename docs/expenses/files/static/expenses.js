// Shows the part of a page that is marked `data-live` again when a claim has changed.

async function refresh() {
  const answer = await fetch(location.href);
  // Somebody who has signed out sees the page as it is, until they leave it.
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const [shown, now] = [document, page].map((each) => each.querySelector('[data-live]'));
  if (shown && now) shown.replaceChildren(...now.childNodes);
}

const events = new EventSource(document.currentScript.dataset.events);
events.addEventListener('changed', refresh);
// What changed before the stream was open, or while it was interrupted.
events.addEventListener('open', refresh);

// Short messages at the foot of the page. The server adds its own, with an undo button, by an out-of-band swap.
const SECONDS = 12;
const toasts = document.getElementById("toasts");
const announcer = document.getElementById("announcer");

export function toast(message) {
  const item = document.createElement("div");
  item.className = "toast";
  item.append(Object.assign(document.createElement("span"), { textContent: message }));
  toasts.append(item);
}

export function announce(message) {
  announcer.textContent = "";
  setTimeout(() => { announcer.textContent = message; }, 60);
}

export function reasonOf(xhr) {
  try {
    return JSON.parse(xhr.responseText).message || unexpected(xhr);
  } catch {
    return xhr.status === 413 ? gettext("That is more than Glimpse takes at once.") : unexpected(xhr);
  }
}

function unexpected(xhr) {
  const failure = xhr.getResponseHeader("Failure-Id");
  const words = gettext("Something went wrong on our side. Please try again.");
  return failure ? `${words} ${interpolate(gettext("If you report this, quote %s."), [failure])}` : words;
}

function keep(item) {
  const leave = () => {
    if (item.matches(":hover, :focus-within")) { setTimeout(leave, 2000); return; }
    item.remove();
  };
  setTimeout(leave, SECONDS * 1000);
  // The pressed button may be gone with what it deleted: hand the focus to Undo rather than to nothing.
  const undo = item.querySelector("button");
  if (undo && document.activeElement === document.body) undo.focus({ preventScroll: true });
}

new MutationObserver((changes) => {
  for (const change of changes) {
    for (const node of change.addedNodes) if (node instanceof HTMLElement) setTimeout(keep, 0, node);
  }
}).observe(toasts, { childList: true });

document.addEventListener("htmx:responseError", (event) => toast(reasonOf(event.detail.xhr)));
document.addEventListener("htmx:afterRequest", (event) => {
  const item = event.target.closest?.(".toast");
  if (item && event.detail.successful) {
    item.remove();
    document.getElementById("main").focus({ preventScroll: true });
  }
});

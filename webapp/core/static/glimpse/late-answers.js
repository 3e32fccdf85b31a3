// Drop an answer for a part of the page that has been replaced meanwhile: what replaced it is newer.
function dropIfGone(event) {
  if (!event.detail.target.isConnected) event.preventDefault();
}

document.addEventListener("htmx:beforeRequest", (event) => {
  event.detail.target.addEventListener("htmx:beforeSwap", dropIfGone);
});

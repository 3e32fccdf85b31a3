// Show the offline banner while the site cannot be reached, and look every few seconds whether it is back.
const banner = document.getElementById("offline");
let looking = null;

export function lost() {
  banner.hidden = false;
  looking ??= setInterval(look, 2500);
}

function found() {
  banner.hidden = true;
  clearInterval(looking);
  looking = null;
}

async function look() {
  try {
    await fetch(document.querySelector("link[rel=icon]").href, { cache: "no-store" });
    found();
  } catch {
    // Still away; the next look is on its way.
  }
}

window.addEventListener("offline", lost);
window.addEventListener("online", look);
document.addEventListener("htmx:sendError", lost);
document.addEventListener("htmx:afterOnLoad", () => { if (!banner.hidden) found(); });

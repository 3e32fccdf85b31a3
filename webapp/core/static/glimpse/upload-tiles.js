// What stands on the page for a file on its way: a thumbnail at once, its progress, or the reason it was refused.
export function addTile(list, file) {
  const tile = document.createElement("li");
  tile.className = "upload";
  const picture = document.createElement("img");
  picture.alt = file.name;
  picture.src = URL.createObjectURL(file);
  picture.addEventListener("error", () => picture.replaceWith(blank(file)), { once: true });
  const progress = document.createElement("progress");
  progress.max = 1;
  progress.value = 0;
  progress.setAttribute("aria-label", interpolate(gettext("Sending %s"), [file.name]));
  tile.append(picture, progress);
  list.append(tile);
  return {
    file,
    show(share) { progress.value = share; },
    remove() { URL.revokeObjectURL(picture.src); tile.remove(); },
  };
}

function blank(file) {
  return Object.assign(document.createElement("span"), { className: "upload-blank", textContent: file.name });
}

/** Spread the bytes sent over the files of one request, in the order in which they travel. */
export function showProgress(tiles, sizes, loaded, total) {
  let before = 0;
  const all = sizes.reduce((sum, size) => sum + size, 0) || 1;
  const sent = loaded / (total || 1) * all;
  tiles.forEach((tile, index) => {
    tile.show(Math.max(0, Math.min(1, (sent - before) / (sizes[index] || 1))));
    before += sizes[index];
  });
}

export function addRefusal(list, file, reason, again) {
  const item = document.createElement("li");
  item.className = "refusal";
  const text = Object.assign(document.createElement("span"), { className: "refusal-text" });
  text.append(Object.assign(document.createElement("strong"), { className: "refusal-name", textContent: file.name }), reason);
  const button = Object.assign(document.createElement("button"), { type: "button", className: "button button-small", textContent: gettext("Try again") });
  button.addEventListener("click", () => { item.remove(); again(); });
  item.append(text, button);
  list.append(item);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-dismiss]");
  if (button) button.closest(button.dataset.dismiss).remove();
});

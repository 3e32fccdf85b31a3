// Let an element take dropped files, whole folders too.
export function takeDrops(element, onFiles) {
  let depth = 0;
  const mark = (change) => {
    depth = change === 0 ? 0 : depth + change;
    element.classList.toggle("is-target", depth > 0);
  };
  element.addEventListener("dragenter", (event) => { if (hasFiles(event)) { event.preventDefault(); mark(1); } });
  element.addEventListener("dragleave", (event) => { if (hasFiles(event)) mark(-1); });
  element.addEventListener("dragover", (event) => { if (hasFiles(event)) event.preventDefault(); });
  element.addEventListener("drop", async (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    event.stopPropagation();
    mark(0);
    const files = await filesIn(event.dataTransfer);
    if (files.length) onFiles(files);
  });
}

function hasFiles(event) {
  return event.dataTransfer?.types.includes("Files");
}

async function filesIn(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  const plain = [...transfer.files];
  if (!entries.some((entry) => entry.isDirectory)) return plain;
  return (await Promise.all(entries.map(walk))).flat();
}

async function walk(entry) {
  if (entry.isFile) return new Promise((resolve) => entry.file((file) => resolve(looksLikePicture(file) ? [file] : []), () => resolve([])));
  const reader = entry.createReader();
  const inside = [];
  for (;;) {
    const some = await new Promise((resolve) => reader.readEntries(resolve, () => resolve([])));
    if (!some.length) break;
    inside.push(...some);
  }
  return (await Promise.all(inside.map(walk))).flat();
}

// What systems give no type to is known by its suffix, one of those that the page's own inputs accept.
export function looksLikePicture(file) {
  const accepted = document.querySelector('input[data-input="files"]').accept.split(",");
  const suffix = file.name.slice(file.name.lastIndexOf(".")).toLowerCase();
  return file.type.startsWith("image/") || accepted.includes(suffix);
}

// A file dropped beside every target must not replace the page.
for (const kind of ["dragover", "drop"]) {
  document.addEventListener(kind, (event) => { if (hasFiles(event)) event.preventDefault(); });
}

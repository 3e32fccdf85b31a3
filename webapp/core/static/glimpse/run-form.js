// A choice in the form of a run brings parts of it anew from the server. What somebody unfolds or types meanwhile stays.
{
  let typed = null; // what was typed since the request: field by name
  let open = new Set(); // names of the folds that were open before the swap

  const notes = () => [...document.querySelectorAll("details.fold > input[name=opened]")];

  document.addEventListener("toggle", ({ target }) => {
    const note = target.matches("details.fold") ? target.querySelector("input[name=opened]") : null;
    if (note) note.disabled = !target.open; // sent while the fold is open, so that a refused form comes back with it open
  }, true);
  document.addEventListener("input", ({ target }) => { if (target.name) typed?.set(target.name, target); });
  document.addEventListener("htmx:beforeRequest", ({ detail }) => { if (detail.elt.matches(".run-switch")) typed = new Map(); });
  document.addEventListener("htmx:beforeSwap", () => {
    open = new Set(notes().filter((note) => note.parentElement.open).map((note) => note.value));
  });
  document.addEventListener("htmx:afterSwap", () => {
    for (const note of notes()) if (open.has(note.value)) note.parentElement.open = true;
    for (const [name, before] of typed ?? []) {
      const field = document.querySelector(`#run-form [name="${name}"]`);
      if (field) { field.value = before.value; field.checked = before.checked; }
    }
    typed = null;
  });
}

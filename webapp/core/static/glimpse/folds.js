// What somebody unfolds in a form stays so when the form comes anew: each fold holds a field that is sent while it is open.
document.addEventListener("toggle", ({ target }) => {
  const note = target.matches("details.fold") ? target.querySelector("input[name=opened]") : null;
  if (note) note.disabled = !target.open;
}, true);

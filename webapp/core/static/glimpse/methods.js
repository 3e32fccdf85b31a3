// The folded choice of a method names the one that is chosen.
document.addEventListener("change", (event) => {
  const chosen = event.target.closest(".methods input[type=radio]");
  if (chosen) chosen.closest(".methods").querySelector("[data-chosen]").textContent = chosen.dataset.title;
});

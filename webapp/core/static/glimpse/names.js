// Names that can be edited in place: saved when the field is left or Enter is pressed, put back when refused.
document.addEventListener("change", (event) => {
  if (event.target.matches(".name-input")) event.target.form.requestSubmit();
});

document.addEventListener("submit", (event) => {
  const field = event.target.querySelector?.(".name-input");
  if (!field) return;
  if (!field.value.trim()) field.value = field.defaultValue;
  if (field.value !== field.defaultValue) return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, { capture: true });

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !event.target.matches?.(".name-input")) return;
  event.target.value = event.target.defaultValue;
  event.target.blur();
});

document.addEventListener("htmx:afterRequest", (event) => {
  if (event.target.matches?.("[data-reset]") && event.detail.successful) event.target.reset();
  if (!event.target.matches?.("form")) return;
  const field = event.target.querySelector?.(".name-input");
  if (!field) return;
  field.toggleAttribute("aria-invalid", !event.detail.successful);
  if (event.detail.successful) field.defaultValue = field.value;
  else { field.value = field.defaultValue; field.focus(); }
});

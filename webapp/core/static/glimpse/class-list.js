// <class-list>: classes in the person's order, changed with the arrow buttons or by dragging the grip.
import { announce } from "./toasts.js";

class ClassList extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", (event) => {
      const button = event.target.closest("[data-move]");
      if (button) this.step(button);
    });
    this.addEventListener("pointerdown", (event) => {
      const grip = event.target.closest(".grip");
      if (grip && event.button === 0) this.drag(grip, event);
    });
    new MutationObserver(() => this.mark()).observe(this.querySelector("ul"), { childList: true });
    this.mark();
  }

  get slots() {
    return [...this.querySelectorAll(".class-slot")];
  }

  step(button) {
    const slot = button.closest(".class-slot");
    const slots = this.slots;
    const to = slots.indexOf(slot) + Number(button.dataset.move);
    if (to < 0 || to >= slots.length) return;
    slots[to][button.dataset.move === "1" ? "after" : "before"](slot);
    this.save(slot);
    (button.disabled ? slot.querySelector("[data-move]:not(:disabled)") : button).focus();
  }

  drag(grip, start) {
    const slot = grip.closest(".class-slot");
    const card = slot.querySelector("class-card");
    start.preventDefault();
    grip.setPointerCapture(start.pointerId);
    card.classList.add("is-moving");
    const before = this.slots.indexOf(slot);
    const move = (event) => {
      const under = document.elementFromPoint(event.clientX, event.clientY)?.closest(".class-slot");
      if (!under || under === slot || !this.contains(under) || !this.contains(slot)) return;
      under[this.slots.indexOf(under) > this.slots.indexOf(slot) ? "after" : "before"](slot);
    };
    grip.addEventListener("pointermove", move);
    grip.addEventListener("lostpointercapture", () => {
      grip.removeEventListener("pointermove", move);
      card.classList.remove("is-moving");
      if (this.contains(slot) && this.slots.indexOf(slot) !== before) this.save(slot);
    }, { once: true });
  }

  save(moved) {
    this.mark();
    const order = this.slots.map((slot) => slot.querySelector(".name-input").defaultValue);
    htmx.ajax("POST", this.dataset.orderUrl, { source: this, swap: "none", values: { order } });
    const name = moved.querySelector(".name-input").value;
    announce(interpolate(gettext("%(name)s is now number %(place)s."), { name, place: this.slots.indexOf(moved) + 1 }, true));
  }

  mark() {
    const slots = this.slots;
    slots.forEach((slot, index) => {
      for (const button of slot.querySelectorAll("[data-move]")) {
        button.disabled = index + Number(button.dataset.move) < 0 || index + Number(button.dataset.move) >= slots.length;
      }
    });
  }
}

customElements.define("class-list", ClassList);

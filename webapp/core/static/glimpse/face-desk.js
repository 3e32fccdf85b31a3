// <face-desk>: sends the photos of its slots, and shows the answer below them. The photos stay in the browser.
import { Refused, send } from "./sending.js";
import { shrink } from "./shrink.js";
import { announce } from "./toasts.js";

class FaceDesk extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form");
    this.form.addEventListener("submit", (event) => { event.preventDefault(); this.ask(); });
    this.addEventListener("chosen", () => this.tell(""));
  }

  get slots() {
    return [...this.querySelectorAll("photo-slot")];
  }

  async ask() {
    if (this.slots.some((slot) => !slot.file)) return this.tell(this.dataset.missing);
    const button = this.form.querySelector("button.button-primary");
    button.disabled = true;
    this.tell("");
    try {
      const body = new FormData(this.form);
      for (const slot of this.slots) body.set(slot.dataset.name, await shrink(slot.file), slot.file.name);
      const answer = await send(this.form.action, body);
      for (const slot of this.slots) slot.unmark();
      const place = this.querySelector(".face-answers");
      place.replaceChildren(answer);
      htmx.process(place);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.tell(error.message);
    } finally {
      button.disabled = false;
      button.focus({ preventScroll: true });
    }
  }

  tell(sentence) {
    const place = this.querySelector("[data-trouble]");
    place.textContent = sentence;
    place.hidden = !sentence;
    if (sentence) announce(sentence);
  }
}

customElements.define("face-desk", FaceDesk);

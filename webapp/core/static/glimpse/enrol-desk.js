// <enrol-desk>: sends photos of one person, and shows above the gallery what became of them.
import { queue, Refused, send } from "./sending.js";
import { shrink } from "./shrink.js";
import { toast } from "./toasts.js";

class EnrolDesk extends HTMLElement {
  connectedCallback() {
    this.addEventListener("pictures", (event) => queue(() => this.enrol(event.detail.files)));
  }

  async enrol(files) {
    const place = document.getElementById("enrolments");
    try {
      const small = [];
      for (const file of files) small.push(await shrink(file));
      const answer = await send(this.dataset.url, small);
      const section = answer.firstElementChild;
      place.prepend(section);
      htmx.process(section);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      toast(error.message);
    }
  }
}

customElements.define("enrol-desk", EnrolDesk);

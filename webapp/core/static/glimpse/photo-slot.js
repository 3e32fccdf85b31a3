// <photo-slot>: one photo of a form, chosen, dropped or taken with the camera; it shows the photo and what is drawn on it.
import { takeDrops } from "./dropping.js";

class PhotoSlot extends HTMLElement {
  connectedCallback() {
    this.picture = this.querySelector("img");
    takeDrops(this, (files) => this.take(files));
    this.addEventListener("pictures", (event) => this.take(event.detail.files));
    this.addEventListener("click", (event) => this.fetch(event.target.closest("[data-drawn]")?.dataset.drawn));
    this.picture.addEventListener("error", () => this.name()); // not one that this browser shows, HEIC say
  }

  async fetch(drawing) {
    if (!drawing) return;
    const content = await (await fetch(drawing)).blob();
    this.take([new File([content], drawing.split("/").at(-1), { type: content.type })]);
  }

  /** Take the last of the photos: with the camera, that is the one taken last. */
  take(files) {
    this.file = files.at(-1);
    this.unmark();
    if (this.picture.src) URL.revokeObjectURL(this.picture.src);
    this.picture.src = URL.createObjectURL(this.file);
    this.picture.alt = this.file.name;
    this.picture.hidden = false;
    this.querySelector(".photo-empty").hidden = true;
    this.dispatchEvent(new CustomEvent("chosen", { bubbles: true }));
  }

  name() {
    this.picture.hidden = true;
    const place = this.querySelector(".photo-empty");
    place.textContent = this.file.name;
    place.hidden = false;
  }

  mark(drawing) {
    drawing.removeAttribute("hidden");
    this.querySelector(".photo-marks").replaceChildren(drawing);
  }

  unmark() {
    this.querySelector(".photo-marks").replaceChildren();
  }
}

customElements.define("photo-slot", PhotoSlot);

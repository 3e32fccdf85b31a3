// <class-card>: one class of a support set; takes pictures from everywhere and sends them a few at a time.
import { takeDrops } from "./dropping.js";
import { takePastes } from "./pasting.js";
import { queue, Refused, send } from "./sending.js";
import { shrink } from "./shrink.js";
import { announce } from "./toasts.js";
import { addRefusal, addTile, showProgress } from "./upload-tiles.js";

const FILES_PER_REQUEST = 4;

class ClassCard extends HTMLElement {
  constructor() {
    super();
    // Here, and not where it is connected: a card that is moved is connected again.
    new MutationObserver(() => this.count()).observe(this.querySelector(".pictures"), { childList: true });
    takeDrops(this, (files) => this.add(files));
    this.addEventListener("pictures", (event) => this.add(event.detail.files));
    for (const kind of ["focusin", "pointerdown"]) this.addEventListener(kind, () => this.takePaste());
  }

  /** The card of this class that is on the page: a new list of classes brings a new one while pictures are on their way. */
  get standing() {
    return this.isConnected ? this : document.querySelector(`class-card[data-upload-url="${this.dataset.uploadUrl}"]`) ?? this;
  }

  count() {
    const pictures = this.querySelectorAll(".pictures > .picture").length;
    this.querySelector("[data-count]").textContent = interpolate(ngettext("%s picture", "%s pictures", pictures), [pictures]);
  }

  takePaste() {
    for (const card of document.querySelectorAll("class-card")) card.classList.toggle("takes-paste", card === this);
  }

  add(files) {
    this.takePaste();
    const tiles = files.map((file) => addTile(this.querySelector(".uploads"), file));
    for (let start = 0; start < tiles.length; start += FILES_PER_REQUEST) {
      queue(() => this.deliver(tiles.slice(start, start + FILES_PER_REQUEST)));
    }
  }

  async deliver(tiles) {
    try {
      const small = [];
      for (const tile of tiles) small.push(await shrink(tile.file));
      const sizes = small.map((file) => file.size);
      const answer = await send(this.dataset.uploadUrl, small, (loaded, total) => showProgress(tiles, sizes, loaded, total));
      this.standing.receive(answer);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      const card = this.standing;
      for (const tile of tiles) addRefusal(card.querySelector(".refusals"), tile.file, error.message, () => card.add([tile.file]));
      announce(error.message);
    } finally {
      for (const tile of tiles) tile.remove();
    }
  }

  receive(answer) {
    const accepted = [...answer.querySelectorAll("[data-accepted]")];
    const notes = [...answer.querySelectorAll(".refusal")];
    const list = this.querySelector(".pictures");
    if (accepted.length) list.querySelector(".pictures-empty")?.remove();
    const fresh = accepted.filter((node) => !document.getElementById(node.id)); // a new list of classes may hold some
    list.append(...fresh);
    this.querySelector(".refusals").append(...notes);
    for (const node of fresh) htmx.process(node);
    announce(interpolate(ngettext("%s picture added.", "%s pictures added.", accepted.length), [accepted.length]));
    htmx.trigger(document.body, "support-set-changed");
  }
}

customElements.define("class-card", ClassCard);

takePastes((files) => {
  const card = document.querySelector("class-card.takes-paste") ?? document.querySelector("class-card");
  card?.add(files);
});

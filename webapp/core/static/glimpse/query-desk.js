// <query-desk>: takes the pictures to be classified and puts each answer on top of the earlier ones.
import { takeDrops } from "./dropping.js";
import { takePastes } from "./pasting.js";
import { queue, Refused, send } from "./sending.js";
import { shrink } from "./shrink.js";
import { announce } from "./toasts.js";
import { addRefusal, addTile, showProgress } from "./upload-tiles.js";

class QueryDesk extends HTMLElement {
  connectedCallback() {
    takeDrops(this, (files) => this.ask(files));
    this.addEventListener("pictures", (event) => this.ask(event.detail.files));
    this.stopPastes = takePastes((files) => this.ask(files));
  }

  disconnectedCallback() {
    this.stopPastes();
  }

  ask(files) {
    const most = Number(this.dataset.most);
    for (let start = 0; start < files.length; start += most) {
      const tiles = files.slice(start, start + most).map((file) => addTile(this.querySelector(".uploads"), file));
      queue(() => this.deliver(tiles));
    }
  }

  async deliver(tiles) {
    try {
      const small = [];
      for (const tile of tiles) small.push(await shrink(tile.file));
      const sizes = small.map((file) => file.size);
      this.receive(await send(this.dataset.url, small, (loaded, total) => showProgress(tiles, sizes, loaded, total)));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      for (const tile of tiles) addRefusal(this.querySelector(".refusals"), tile.file, error.message, () => this.ask([tile.file]));
      announce(error.message);
    } finally {
      for (const tile of tiles) tile.remove();
    }
  }

  receive(answer) {
    this.querySelector(".refusals").append(...answer.querySelectorAll(".refusal"));
    const results = document.getElementById("results");
    for (const section of answer.querySelectorAll(".prediction")) {
      results.prepend(section);
      htmx.process(section);
      section.scrollIntoView({ block: "nearest" });
    }
  }
}

customElements.define("query-desk", QueryDesk);

document.addEventListener("htmx:afterSwap", (event) => {
  const words = event.target.querySelector?.("[data-announce]")?.dataset.announce;
  if (words) announce(words);
});

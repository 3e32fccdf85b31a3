// <picture-sources>: the buttons that get pictures from files, a folder, the drawing board or the camera.
// It answers with a bubbling "pictures" event that carries the files.
import { looksLikePicture } from "./dropping.js";

class PictureSources extends HTMLElement {
  constructor() {
    super();
    this.addEventListener("click", (event) => this.open(event.target.closest("[data-source]")?.dataset.source));
    this.addEventListener("change", (event) => {
      if (event.target.type !== "file") return;
      event.stopPropagation();
      const files = [...event.target.files];
      this.give(event.target.webkitdirectory ? files.filter(looksLikePicture) : files);
      event.target.value = "";
    });
  }

  open(source) {
    if (source === "files" || source === "folder") this.querySelector(`input[data-input="${source}"]`).click();
    if (source === "draw") document.querySelector("draw-dialog").open(this.dataset.for, (files) => this.give(files));
    if (source === "camera") document.querySelector("camera-dialog").open(this.dataset.for, (files) => this.give(files));
  }

  give(files) {
    if (files.length) this.dispatchEvent(new CustomEvent("pictures", { bubbles: true, detail: { files } }));
  }
}

customElements.define("picture-sources", PictureSources);

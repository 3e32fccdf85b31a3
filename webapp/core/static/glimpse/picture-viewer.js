// <picture-viewer>: a picture at full size, opened once its markup has arrived; closes itself when it is acted on.
class PictureViewer extends HTMLElement {
  connectedCallback() {
    this.dialog = this.querySelector("dialog");
    this.addEventListener("htmx:afterSwap", (event) => {
      if (event.target.matches("[data-viewer-body]") && !this.dialog.open) this.dialog.showModal();
    });
    this.addEventListener("htmx:afterRequest", (event) => {
      if (event.detail.successful && event.detail.requestConfig.verb === "post") this.dialog.close();
    });
  }
}

customElements.define("picture-viewer", PictureViewer);

// <camera-dialog>: the camera; hold the shutter to take several pictures a second.
import { canvasToFile } from "./shrink.js";
import { announce } from "./toasts.js";

const MILLISECONDS_BETWEEN = 250;
let count = 0;

class CameraDialog extends HTMLElement {
  connectedCallback() {
    this.dialog = this.querySelector("dialog");
    this.video = this.querySelector("video");
    this.shutter = this.querySelector("[data-shutter]");
    this.choice = this.querySelector("[data-camera]");
    this.shutter.addEventListener("pointerdown", (event) => { this.shutter.setPointerCapture(event.pointerId); this.hold(); });
    for (const kind of ["pointerup", "pointercancel", "blur"]) this.shutter.addEventListener(kind, () => this.release());
    this.shutter.addEventListener("keydown", (event) => { if (isPress(event)) { event.preventDefault(); this.hold(); } });
    this.shutter.addEventListener("keyup", (event) => { if (isPress(event)) this.release(); });
    this.choice.addEventListener("change", () => this.start());
    this.addEventListener("click", (event) => this.press(event.target.closest("[data-do]")?.dataset.do));
    this.dialog.addEventListener("close", () => this.stop());
  }

  open(purpose, onFiles) {
    this.onFiles = onFiles;
    this.querySelector("[data-purpose]").textContent = purpose ?? "";
    this.files = [];
    this.taking = [];
    this.querySelector("[data-do=done]").disabled = true;
    this.querySelector(".roll").replaceChildren();
    this.dialog.showModal();
    this.start();
  }

  async start() {
    this.stop();
    this.tell("");
    this.shutter.disabled = true;
    if (!navigator.mediaDevices) return this.tell(this.dataset.insecure);
    try {
      const wanted = this.choice.value;
      const facing = ["user", "environment"].includes(wanted) ? { facingMode: wanted } : { deviceId: { exact: wanted } };
      this.video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { ...facing, width: { ideal: 1280 }, height: { ideal: 960 } } });
      if (!this.dialog.open) return this.stop();
      await this.video.play();
      this.video.classList.toggle("finder-mirrored", wanted === "user");
      this.shutter.disabled = false;
      this.shutter.focus();
      return this.list();
    } catch (error) {
      return this.tell(error.name === "NotAllowedError" ? this.dataset.denied : this.dataset.none);
    }
  }

  /** Add cameras beyond front and rear, whose names are known only once one is allowed. */
  async list() {
    const known = new Set([...this.choice.options].map((option) => option.value));
    const cameras = (await navigator.mediaDevices.enumerateDevices()).filter((device) => device.kind === "videoinput");
    if (cameras.length < 2) return;
    for (const camera of cameras) if (camera.label && !known.has(camera.deviceId)) this.choice.add(new Option(camera.label, camera.deviceId));
  }

  tell(sentence) {
    const place = this.querySelector("[data-trouble]");
    place.textContent = sentence;
    place.hidden = !sentence;
    this.video.hidden = Boolean(sentence);
  }

  hold() {
    if (this.holding || this.shutter.disabled) return;
    this.holding = setInterval(() => this.taking.push(this.take()), MILLISECONDS_BETWEEN);
    this.taking.push(this.take());
  }

  release() {
    if (!this.holding) return;
    clearInterval(this.holding);
    this.holding = null;
    announce(interpolate(ngettext("%s picture taken.", "%s pictures taken.", this.files.length), [this.files.length]));
  }

  async take() {
    const canvas = document.createElement("canvas");
    canvas.width = this.video.videoWidth;
    canvas.height = this.video.videoHeight;
    if (!canvas.width) return;
    canvas.getContext("2d").drawImage(this.video, 0, 0);
    count += 1;
    const file = await canvasToFile(canvas, interpolate(gettext("photo %s.jpg"), [count]), "image/jpeg");
    this.files.push(file);
    this.querySelector("[data-do=done]").disabled = false;
    const roll = this.querySelector(".roll");
    roll.append(Object.assign(document.createElement("img"), { src: URL.createObjectURL(file), alt: file.name }));
    roll.scrollLeft = roll.scrollWidth;
  }

  async press(action) {
    if (!action) return;
    this.release();
    await Promise.all(this.taking);
    if (action === "done") this.onFiles(this.files);
    this.dialog.close();
  }

  stop() {
    this.release();
    for (const track of this.video.srcObject?.getTracks() ?? []) track.stop();
    this.video.srcObject = null;
  }
}

function isPress(event) {
  return event.key === " " || event.key === "Enter";
}

customElements.define("camera-dialog", CameraDialog);

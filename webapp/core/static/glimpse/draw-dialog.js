// <draw-dialog>: a drawing board for mouse, finger, pen, and the arrow keys.
import { canvasToFile } from "./shrink.js";
import { announce } from "./toasts.js";

const SIDE = 640;
const STEP = 12;
let count = 0;

class DrawDialog extends HTMLElement {
  connectedCallback() {
    this.dialog = this.querySelector("dialog");
    this.canvas = this.querySelector("canvas");
    this.canvas.width = this.canvas.height = SIDE;
    this.pen = this.canvas.getContext("2d");
    this.strokes = [];
    this.canvas.addEventListener("pointerdown", (event) => this.begin(event));
    this.canvas.addEventListener("pointermove", (event) => this.go(event));
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    for (const kind of ["focus", "blur"]) this.canvas.addEventListener(kind, () => this.paint());
    this.addEventListener("click", (event) => this.press(event.target.closest("[data-do]")?.dataset.do));
    this.dialog.addEventListener("close", () => this.clear());
  }

  open(purpose, onFiles) {
    this.onFiles = onFiles;
    this.querySelector("[data-purpose]").textContent = purpose ?? "";
    this.cursor = { x: SIDE / 2, y: SIDE / 2 };
    this.down = false;
    this.clear();
    this.dialog.showModal();
    this.canvas.focus();
  }

  press(action) {
    if (action === "undo") { this.strokes.pop(); this.paint(); }
    if (action === "clear") this.clear();
    if (action === "add") this.give();
    if (action === "done") this.give().then(() => this.dialog.close());
  }

  async give() {
    if (!this.strokes.length) return;
    count += 1;
    this.paint({ bare: true });
    const file = await canvasToFile(this.canvas, interpolate(gettext("drawing %s.png"), [count]), "image/png");
    this.clear();
    announce(gettext("Drawing added."));
    this.onFiles([file]);
  }

  clear() {
    this.strokes = [];
    this.down = false;
    this.paint();
  }

  at(event) {
    const box = this.canvas.getBoundingClientRect();
    return { x: (event.clientX - box.left) / box.width * SIDE, y: (event.clientY - box.top) / box.height * SIDE };
  }

  begin(event) {
    if (event.button !== 0) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.strokes.push([this.at(event)]);
    this.paint();
  }

  go(event) {
    if (!this.canvas.hasPointerCapture(event.pointerId)) return;
    const steps = event.getCoalescedEvents?.() ?? [];
    this.strokes.at(-1).push(...(steps.length ? steps : [event]).map((step) => this.at(step)));
    this.paint();
  }

  key(event) {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (event.key === " ") {
      this.down = !this.down;
      if (this.down) this.strokes.push([{ ...this.cursor }]);
    } else if (way) {
      this.cursor = { x: clamp(this.cursor.x + way[0] * STEP), y: clamp(this.cursor.y + way[1] * STEP) };
      if (this.down) this.strokes.at(-1).push({ ...this.cursor });
    } else return;
    event.preventDefault();
    this.paint();
  }

  paint({ bare = false } = {}) {
    const { pen } = this;
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, SIDE, SIDE);
    pen.strokeStyle = pen.fillStyle = "#1c2422";
    pen.lineWidth = Number(this.querySelector("[data-width]").value);
    pen.lineCap = pen.lineJoin = "round";
    for (const stroke of this.strokes) line(pen, stroke);
    if (bare || document.activeElement !== this.canvas || !this.canvas.matches(":focus-visible")) return;
    pen.lineWidth = 3;
    pen.strokeStyle = this.down ? "#0b6b5d" : "#86908c";
    pen.strokeRect(this.cursor.x - 9, this.cursor.y - 9, 18, 18);
  }
}

function clamp(value) {
  return Math.max(0, Math.min(SIDE, value));
}

function line(pen, stroke) {
  pen.beginPath();
  pen.moveTo(stroke[0].x, stroke[0].y);
  if (stroke.length === 1) pen.lineTo(stroke[0].x + 0.1, stroke[0].y);
  for (let index = 1; index < stroke.length; index += 1) {
    const here = stroke[index];
    const after = stroke[index + 1] ?? here;
    pen.quadraticCurveTo(here.x, here.y, (here.x + after.x) / 2, (here.y + after.y) / 2);
  }
  pen.stroke();
}

customElements.define("draw-dialog", DrawDialog);

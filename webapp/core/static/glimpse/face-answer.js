// <face-answer>: draws what was found on the photos, and lets people choose between faces and try other thresholds.
const number = new Intl.NumberFormat(document.documentElement.lang, { minimumFractionDigits: 3, maximumFractionDigits: 3 });

class FaceAnswer extends HTMLElement {
  connectedCallback() {
    for (const drawing of this.querySelectorAll(".face-marks")) this.place(drawing);
    if (this.closest("face-desk")) this.closest("section").scrollIntoView({ block: "nearest" });
    this.slider = this.querySelector(".slider");
    if (!this.slider) return;
    this.scores = JSON.parse(this.dataset.scores);
    this.curve = JSON.parse(this.dataset.curve);
    this.threshold = Number(this.dataset.threshold);
    this.addEventListener("change", (event) => { if (event.target.dataset.choice) this.choose(); });
    this.slider.addEventListener("input", () => this.slide());
    this.choose();
  }

  /** Lay the drawing over the photo in its slot; where there is none, the page shows an old answer. */
  place(drawing) {
    const desk = this.closest("face-desk");
    const slot = desk?.querySelector(`photo-slot[data-name="${drawing.dataset.slot}"]`);
    if (!slot) return;
    slot.mark(drawing);
    drawing.addEventListener("click", (event) => {
      const place = event.target.closest("g")?.dataset.face;
      this.querySelector(`[data-choice="${drawing.dataset.slot}"][value="${place}"]`)?.click();
    });
  }

  chosen(name) {
    return Number(this.querySelector(`[data-choice="${name}"]:checked`).value);
  }

  choose() {
    const [first, second] = ["image_a", "image_b"].map((name) => this.chosen(name));
    this.score = this.scores[first][second];
    const same = this.score >= this.threshold;
    this.querySelector("[data-when=same]").hidden = !same;
    this.querySelector("[data-when=other]").hidden = same;
    this.querySelector("[data-score]").textContent = number.format(this.score);
    const { low, high } = this.dataset;
    const at = `${100 * Math.min(Math.max((this.score - low) / (high - low), 0), 1)}%`;
    for (const mark of this.querySelectorAll("[data-at]")) mark.setAttribute(mark.tagName === "circle" ? "cx" : "x", at);
    this.show("image_a", first);
    this.show("image_b", second);
    this.slide();
  }

  /** Show what concerns the chosen face of a photo: its advice, and its mark in another colour. */
  show(name, place) {
    for (const advice of this.querySelectorAll(`[data-advice^="${name}-"]`)) advice.hidden = advice.dataset.advice !== `${name}-${place}`;
    const slot = this.closest("face-desk")?.querySelector(`photo-slot[data-name="${name}"]`);
    for (const mark of slot?.querySelectorAll("g") ?? []) mark.classList.toggle("is-chosen", Number(mark.dataset.face) === place);
  }

  slide() {
    const wanted = Number(this.slider.value);
    const nearest = this.curve.reduce((best, each) => Math.abs(each.threshold - wanted) < Math.abs(best.threshold - wanted) ? each : best);
    const same = this.score >= nearest.threshold;
    this.querySelector("[data-slid]").textContent = interpolate(gettext("Threshold %s."), [number.format(nearest.threshold)]);
    this.querySelector("[data-slid-same]").hidden = !same;
    this.querySelector("[data-slid-other]").hidden = same;
    this.querySelector("[data-slid-rates]").textContent = nearest.sentence;
    this.slider.setAttribute("aria-valuetext", `${number.format(nearest.threshold)}. ${nearest.sentence}`);
  }
}

customElements.define("face-answer", FaceAnswer);

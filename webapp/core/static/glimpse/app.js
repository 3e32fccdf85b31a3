// Everything the pages do beyond forms and links. Without it they still work, only plainer.
import "./connection.js";
import "./confirm.js";
import "./late-answers.js";
import "./names.js";
import "./toasts.js";
import "./methods.js";
import "./picture-sources.js";
import "./draw-dialog.js";
import "./camera-dialog.js";
import "./picture-viewer.js";
import "./class-card.js";
import "./class-list.js";
import "./query-desk.js";
import "./photo-slot.js";
import "./face-desk.js";
import "./face-answer.js";
import "./enrol-desk.js";

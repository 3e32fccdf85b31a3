// Send pictures with their progress, two requests at a time over the whole page.
import { lost } from "./connection.js";
import { reasonOf } from "./toasts.js";

const AT_ONCE = 2;
const PATIENCE = 120_000; // milliseconds
const waiting = [];
let busy = 0;

export function queue(work) {
  return new Promise((resolve, reject) => {
    waiting.push(() => work().then(resolve, reject));
    next();
  });
}

function next() {
  while (busy < AT_ONCE && waiting.length) {
    busy += 1;
    waiting.shift()().finally(() => { busy -= 1; next(); });
  }
}

export class Refused extends Error {}

/** Send pictures, or a whole form with them; where the site says "too often" or "too many waiting", wait as long as it asks and try again. */
export async function send(url, sent, onProgress = () => {}) {
  const body = sent instanceof FormData ? sent : formOf(sent);
  const end = Date.now() + PATIENCE;
  for (;;) {
    const request = await post(url, body, onProgress);
    const wait = 1000 * (Number(request.getResponseHeader("Retry-After")) || 2);
    if (request.status !== 429 || Date.now() + wait > end) return answer(request);
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}

function answer(request) {
  const words = request.responseText.trimStart();
  if (request.status < 300 || request.status === 422 && words.startsWith("<")) return fragment(words);
  throw new Refused(reasonOf(request));
}

function formOf(files) {
  const body = new FormData();
  for (const file of files) body.append("images", file, file.name);
  return body;
}

function post(url, body, onProgress) {
  const request = new XMLHttpRequest();
  request.open("POST", url);
  request.setRequestHeader("HX-Request", "true");
  for (const [name, value] of Object.entries(JSON.parse(document.body.getAttribute("hx-headers")))) {
    request.setRequestHeader(name, value);
  }
  request.upload.onprogress = (event) => onProgress(event.loaded, event.total);
  return new Promise((resolve, reject) => {
    request.onerror = () => {
      lost();
      reject(new Refused(gettext("Glimpse could not be reached.")));
    };
    request.onload = () => resolve(request);
    request.send(body);
  });
}

function fragment(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}

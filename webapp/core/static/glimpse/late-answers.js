// A page goes on while its requests are under way: what asks, and the place that an answer is for, may be gone by then.
// htmx would look for both where they no longer are, lose the answer and call it an error. Here a question that nobody
// waits for any more is forgotten; of an act, everything reaches the person, though no longer the place that is gone.
// A place that the page never had is a fault of ours: htmx says so, aloud.
{
  const known = new Set(); // the ids that this page has had
  let leaving = false;

  function remember(root) {
    for (const node of [root, ...root.querySelectorAll("[id]")]) if (node.id) known.add(node.id);
  }

  function idIn(selector) {
    return selector?.startsWith("#") ? selector.slice(1) : "";
  }

  /** Let what has left the page, or an empty place of its name, stand on it unseen until the running script ends. */
  function lend(nodes, ids) {
    const attic = Object.assign(document.createElement("div"), { hidden: true });
    attic.append(...new Set(nodes.filter((node) => !node.isConnected).map((node) => node.getRootNode())));
    for (const id of ids) if (known.has(id) && !document.getElementById(id)) attic.append(Object.assign(document.createElement("div"), { id }));
    if (!attic.hasChildNodes()) return;
    document.body.append(attic);
    queueMicrotask(() => attic.remove());
  }

  /** Let a request start, though its target, or even what asks after a confirmation, has just gone. */
  function start(elt) {
    lend([elt], [idIn(elt.closest("[hx-target]")?.getAttribute("hx-target"))]);
  }

  function placesIn(xhr) {
    const answer = document.createElement("template");
    answer.innerHTML = xhr.responseText;
    const parts = [...answer.content.querySelectorAll("[hx-swap-oob]")].map((part) => part.id);
    return [idIn(xhr.getResponseHeader("HX-Retarget")), ...parts];
  }

  function meet(event) {
    const { elt, target, xhr, requestConfig } = event.detail;
    const isGone = !target.isConnected;
    if (requestConfig.verb === "get" && (isGone || leaving)) { event.preventDefault(); return; }
    leaving ||= xhr.getResponseHeader("HX-Redirect") !== null;
    if (isGone) event.detail.target = document.getElementById(target.id) ?? target; // what replaced it has its name
    lend([elt, target], placesIn(xhr));
  }

  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) for (const node of addedNodes) if (node instanceof Element) remember(node);
  }).observe(document, { childList: true, subtree: true });
  remember(document.documentElement);

  window.addEventListener("pageshow", () => { leaving = false; });
  document.addEventListener("htmx:trigger", (event) => start(event.detail.elt));
  document.addEventListener("htmx:confirm", ({ detail }) => {
    const { elt, issueRequest } = detail;
    detail.issueRequest = (isSure) => { start(elt); issueRequest(isSure); };
  });
  // On what asks, not on the document: no event comes up from what has left the page.
  document.addEventListener("htmx:beforeRequest", ({ detail }) => detail.elt.addEventListener("htmx:beforeOnLoad", meet));
}

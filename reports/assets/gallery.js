"use strict";
// Shows the takes of one family, or of one law or kind of violation; the choice lives in the address after "#",
// so that every name on the page is a plain link to its takes.

const form = document.getElementById("filters");
const tally = document.getElementById("tally");
const lost = tally.textContent;

function show() {
  const family = form.elements.family.value;
  const broken = form.elements.broken.value;
  let takes = 0, families = 0;
  for (const section of document.querySelectorAll("section.family")) {
    let found = 0;
    for (const scene of section.querySelectorAll(".scene")) {
      const twins = [...scene.querySelectorAll(".take:not(.valid)")];
      const wanted = twins.filter((take) => !broken || take.dataset.kind === broken || take.dataset.law === broken);
      for (const take of twins) take.hidden = !wanted.includes(take);
      scene.hidden = Boolean(broken) && !wanted.length;
      if (!scene.hidden) found += scene.querySelectorAll(".take:not([hidden])").length;
    }
    section.hidden = !found || (Boolean(family) && section.dataset.family !== family);
    if (!section.hidden) { takes += found; families += 1; }
  }
  tally.textContent = `${takes} takes of ${families} ${families === 1 ? "family" : "families"}. ${lost}`;
}

function recall() {
  const address = new URLSearchParams(location.hash.slice(1));
  for (const select of form.querySelectorAll("select")) {
    select.value = address.get(select.name) || "";
    if (select.selectedIndex < 0) select.value = "";
  }
  show();
  if (address.size) form.scrollIntoView();
}

form.addEventListener("change", () => {
  const chosen = [...new FormData(form)].filter(([, value]) => value);
  history.replaceState(null, "", `#${new URLSearchParams(chosen)}`);
  show();
});
form.addEventListener("reset", () => {
  history.replaceState(null, "", "#");
  setTimeout(show);
});
window.addEventListener("hashchange", recall);
recall();

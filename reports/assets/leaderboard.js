"use strict";
const controls = document.getElementById("controls");
const search = document.getElementById("search");

function show() {
  document.body.classList.toggle("without-controls", !controls.checked);
  const wanted = search.value.toLowerCase();
  for (const row of document.querySelectorAll("tr[data-model]")) {
    row.hidden = !row.dataset.model.toLowerCase().includes(wanted);
  }
}

controls.addEventListener("change", show);
search.addEventListener("input", show);
show();

"use strict";
const controls = document.getElementById("controls");
const show = () => document.body.classList.toggle("without-controls", !controls.checked);
controls.addEventListener("change", show);
show();

"use strict";
// A list to filter, sort and walk through with the arrow keys; the clips of the chosen row play beside it.
// The filters live in the part of the address after "#", so that a number elsewhere can link to its rows.

const data = JSON.parse(document.getElementById("data").textContent);
const PAGE = 100;
const state = { filters: {}, search: "", least: 0, sort: data.sort, limit: PAGE, chosen: null };
const list = document.getElementById("rows");
const tally = document.getElementById("tally");
const panel = document.getElementById("panel");
const more = document.getElementById("more");
const severity = data.columns.find((column) => column.kind === "severity");
let shown = [];

const cellText = {
  score: (v) => (v === null ? "–" : v.toFixed(2)),
  change: (v) => (v === null ? "–" : `${v > 0 ? "+" : v < 0 ? "−" : "±"}${Math.abs(v).toFixed(2)}`),
  seconds: (v) => seconds(v),
  severity: (v) => v.toFixed(2),
  words,
};
const cellClass = {
  score: (v) => (v !== null && v < 0.5 ? "low" : ""),
  change: (v) => (v > 0.005 ? "better" : v < -0.005 ? "worse" : ""),
};

function cell(row, column) {
  const value = row[column.key];
  const text = (cellText[column.kind] || String)(value);
  const td = make("td", { class: `${column.kind} ${(cellClass[column.kind] || (() => ""))(value)}`, "data-label": column.label });
  if (column.kind === "verdict") td.append(make("span", { class: `badge ${value}` }, text));
  else if (column.kind === "probe") td.append(make("span", { class: `probe ${value}` }, text));
  else if (column.kind === "severity") {
    const bar = make("i", {});
    bar.style.width = `${100 * value}%`;
    td.append(make("span", { class: "meter" }, bar), text);
  } else td.textContent = text;
  return td;
}

function compare(a, b) {
  const down = state.sort.startsWith("-");
  const key = down ? state.sort.slice(1) : state.sort;
  const x = a[key], y = b[key];
  if (x === y) return 0;
  if (x === null || x === undefined) return 1; // what is missing comes last, either way
  if (y === null || y === undefined) return -1;
  return (x < y ? -1 : 1) * (down ? -1 : 1);
}

function filtered() {
  const wanted = Object.entries(state.filters).filter(([, value]) => value !== "");
  const search = state.search.toLowerCase();
  return data.rows.filter((row) =>
    wanted.every(([key, value]) => String(row[key]) === value) &&
    (!severity || row[severity.key] >= state.least) &&
    (!search || `${row.text || ""} ${row.shot} ${data.clips[row.clips[0]].prompt}`.toLowerCase().includes(search)));
}

function choose(row, eager = false) {
  state.chosen = row;
  for (const tr of list.children) tr.setAttribute("aria-selected", String(tr.row === row));
  if (panel.stage) panel.stage.pause();
  if (!row) {
    panel.replaceChildren(make("p", { class: "muted" }, "Nothing matches these filters."));
    return;
  }
  const clips = row.clips.map((key) => data.clips[key]);
  const place = make("div", { class: "stage" });
  panel.replaceChildren(
    make("h2", {}, words(row.shot)), make("p", { class: "prompt" }, clips[0].prompt || "no prompt"), place);
  panel.stage = new Stage(place, clips, row.span ? row.span.join("/") : null, eager);
}

function render() {
  shown = filtered().sort(compare);
  list.replaceChildren(...shown.slice(0, state.limit).map((row) => {
    const tr = make("tr", { tabindex: "0" }, ...data.columns.filter((column) => column.listed).map((column) => cell(row, column)));
    tr.row = row;
    return tr;
  }));
  tally.textContent = `${shown.length} of ${data.rows.length} ${data.noun}`;
  more.hidden = shown.length <= state.limit;
  more.textContent = `Show ${Math.min(PAGE, shown.length - state.limit)} more`;
  for (const th of document.querySelectorAll("th[data-key]")) {
    const key = state.sort.replace(/^-/, "");
    th.setAttribute("aria-sort", th.dataset.key !== key ? "none" : state.sort.startsWith("-") ? "descending" : "ascending");
  }
  choose(shown.includes(state.chosen) ? state.chosen : shown[0] || null);
}

function remember() {
  const address = new URLSearchParams();
  for (const [key, value] of Object.entries(state.filters)) if (value !== "") address.set(key, value);
  if (state.search) address.set("q", state.search);
  if (state.least > 0) address.set("least", state.least);
  if (state.sort !== data.sort) address.set("sort", state.sort);
  history.replaceState(null, "", `#${address}`);
}

function update() {
  state.limit = PAGE;
  remember();
  render();
}

function recall() {
  const address = new URLSearchParams(location.hash.slice(1));
  for (const control of document.querySelectorAll("#filters select")) {
    control.value = address.get(control.name) || "";
    if (control.selectedIndex < 0) control.value = "";
    state.filters[control.name] = control.value;
  }
  state.search = document.getElementById("search").value = address.get("q") || "";
  state.least = Number(address.get("least")) || 0;
  const least = document.getElementById("least");
  if (least) least.value = state.least;
  const sort = address.get("sort") || data.sort;
  state.sort = data.columns.some((column) => column.key === sort.replace(/^-/, "")) ? sort : data.sort;
  state.limit = PAGE;
  render();
}

function quote(value) {
  const text = value === null || value === undefined ? "" : String(value);
  const safe = typeof value === "string" && /^[=+\-@]/.test(text) ? `'${text}` : text; // no formulas in spreadsheets
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function exportTable() {
  const keys = [...new Set([...data.columns.map((column) => column.key), "shot"])];
  const text = [keys, ...shown.map((row) => keys.map((key) => row[key]))].map((row) => row.map(quote).join(",")).join("\n");
  const link = make("a", { href: URL.createObjectURL(new Blob([text], { type: "text/csv" })), download: `${data.noun}.csv` });
  link.click();
  URL.revokeObjectURL(link.href);
}

for (const control of document.querySelectorAll("#filters select")) {
  control.addEventListener("change", () => { state.filters[control.name] = control.value; update(); });
}
document.getElementById("search").addEventListener("input", (event) => { state.search = event.target.value; update(); });
document.getElementById("least")?.addEventListener("input", (event) => { state.least = Number(event.target.value); update(); });
document.getElementById("export").addEventListener("click", exportTable);
document.getElementById("reset").addEventListener("click", () => { history.replaceState(null, "", "#"); recall(); });
more.addEventListener("click", () => { state.limit += PAGE; render(); });
for (const th of document.querySelectorAll("th[data-key]")) {
  th.querySelector("button").addEventListener("click", () => {
    state.sort = state.sort === th.dataset.key ? `-${th.dataset.key}` : th.dataset.key;
    update();
  });
}
list.addEventListener("click", (event) => {
  const tr = event.target.closest("tr");
  if (tr) choose(tr.row, true);
});
list.addEventListener("keydown", (event) => {
  const tr = event.target.closest("tr");
  const next = { ArrowDown: tr?.nextElementSibling, ArrowUp: tr?.previousElementSibling, Enter: tr }[event.key];
  if (!next) return;
  event.preventDefault();
  next.focus();
  choose(next.row, true);
});
window.addEventListener("hashchange", recall);
recall();

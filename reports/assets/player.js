"use strict";
// Plays clips together, with the evidence drawn on them while it lasts. All text goes through textContent.

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

const seconds = (t) => `${t.toFixed(2)} s`;
const words = (name) => name.replaceAll("_", " ");
const spanKey = (span) => `${span.probe}/${span.position}`;

class View {
  // One clip: picture, evidence as boxes, as bars in time and in words.
  constructor(clip, focus, seek) {
    this.clip = clip;
    this.focus = focus;
    this.parts = [];
    this.video = clip.src
      ? make("video", { src: clip.src, muted: true, playsinline: true, preload: "auto",
          "aria-label": `${clip.label}: ${clip.prompt || clip.shot}` })
      : null;
    if (this.video) this.video.muted = true;
    this.overlay = make("div", { class: "overlay", "aria-hidden": "true" });
    const picture = this.video
      ? make("div", { class: "picture" }, this.video, this.overlay)
      : make("div", { class: "picture lost" }, clip.problem || "no video");
    this.lanes = make("div", { class: "lanes", "aria-hidden": "true" });
    this.list = make("ol", { class: "evidence" });
    for (const span of clip.spans) this.add(span, seek);
    if (!clip.spans.length) this.list.append(make("li", { class: "none" }, "no violation seen"));
    this.root = make("figure", { class: "screen" },
      make("figcaption", {},
        make("span", { class: "who" }, clip.label), make("span", { class: `badge ${clip.verdict}` }, clip.verdict)),
      picture, this.lanes, make("div", { class: "scores" }, ...clip.readings.map(View.reading)), this.list);
  }

  static reading(reading) {
    const told = reading.value === null ? reading.status : reading.value.toFixed(2);
    const low = reading.value !== null && reading.value < 0.5;
    return make("span", { class: `probe ${reading.probe}${low ? " low" : ""}`, title: reading.reason || null },
      reading.probe, " ", make("b", {}, told));
  }

  add(span, seek) {
    const name = `probe ${span.probe}`;
    const box = make("div", { class: `box ${name}${span.box ? "" : " whole"}` }, make("span", {}, words(span.kind)));
    const [x0, y0, x1, y1] = span.box || [0, 0, 1, 1];
    Object.assign(box.style, { left: `${100 * x0}%`, top: `${100 * y0}%`, width: `${100 * (x1 - x0)}%`,
      height: `${100 * (y1 - y0)}%` });
    if (y0 < 0.12) box.classList.add("inside");
    if (x0 > 0.6) box.classList.add("flush");
    const bar = make("div", { class: `bar ${name}` });
    const lane = make("div", { class: "lane" }, bar);
    const button = make("button", { type: "button" },
      make("span", { class: name }, words(span.kind)), ` ${span.text} `,
      make("small", {}, `${seconds(span.start)} to ${seconds(span.end)}`));
    button.addEventListener("click", () => seek(span.start));
    const item = make("li", {}, button);
    if (spanKey(span) === this.focus) [item, box].forEach((part) => part.classList.add("focus"));
    this.overlay.append(box);
    this.lanes.append(lane);
    this.list.append(item);
    this.parts.push({ span, box, bar, item });
  }

  length() {
    const known = this.video && Number.isFinite(this.video.duration) ? this.video.duration : 0;
    return known || Math.max(0, ...this.clip.spans.map((span) => span.end)) || 1;
  }

  layout() {
    const length = this.length();
    for (const { span, bar } of this.parts) {
      bar.style.left = `${(100 * Math.min(span.start, length)) / length}%`;
      bar.style.width = `${Math.max(1.5, (100 * (Math.min(span.end, length) - span.start)) / length)}%`;
    }
  }

  draw(time) {
    const frame = 1 / (this.clip.fps || 25);
    const shown = Math.floor(time / frame + 1e-6) * frame;
    for (const { span, box, item } of this.parts) {
      const now = shown >= span.start - frame / 2 && shown <= Math.max(span.end, span.start + frame / 2) + 1e-6;
      box.classList.toggle("on", now);
      item.classList.toggle("on", now);
    }
    this.lanes.style.setProperty("--now", `${(100 * Math.min(time, this.length())) / this.length()}%`);
  }
}

class Stage {
  // One clip, or two that play in step. Space plays and pauses; the slider moves by frames.
  // focus: the span to stress; eager: play as soon as the clips are there.
  constructor(root, clips, focus = null, eager = false) {
    this.focus = focus;
    this.eager = eager && !matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.screens = clips.map((clip) => new View(clip, focus, (t) => this.seek(t)));
    this.leader = this.screens.find((screen) => screen.video);
    this.button = make("button", { type: "button", class: "play" }, "Play");
    this.back = make("button", { type: "button", "aria-label": "one frame back" }, "‹");
    this.next = make("button", { type: "button", "aria-label": "one frame on" }, "›");
    this.slider = make("input", { type: "range", min: 0, max: 1, step: 0.001, value: 0, "aria-label": "time in the clip" });
    this.clock = make("output", { class: "clock" }, seconds(0));
    this.speed = make("select", { "aria-label": "speed" }, ...["1", "0.5", "0.25"].map((v) => make("option", { value: v }, `${v}×`)));
    const transport = make("div", { class: "transport" }, this.button, this.back, this.next, this.slider, this.clock, this.speed);
    root.replaceChildren(make("div", { class: `screens of${this.screens.length}` }, ...this.screens.map((s) => s.root)),
      ...(this.leader ? [transport] : []));
    if (this.leader) this.connect(root);
    for (const screen of this.screens) screen.layout();
  }

  connect(root) {
    const frame = 1 / (this.leader.clip.fps || 25);
    this.slider.step = frame;
    this.button.addEventListener("click", () => this.toggle());
    this.back.addEventListener("click", () => this.step(-frame));
    this.next.addEventListener("click", () => this.step(frame));
    this.slider.addEventListener("input", () => this.seek(Number(this.slider.value)));
    this.speed.addEventListener("change", () => this.each((video) => { video.playbackRate = Number(this.speed.value); }));
    root.addEventListener("keydown", (event) => {
      if (event.key !== " " || ["BUTTON", "SELECT"].includes(event.target.tagName)) return;
      event.preventDefault();
      this.toggle();
    });
    for (const screen of this.screens.filter((s) => s.video)) {
      screen.video.addEventListener("loadedmetadata", () => { screen.layout(); this.ready(frame); });
      screen.video.addEventListener("seeked", () => this.draw());
    }
    this.leader.video.addEventListener("ended", () => { if (this.playing) { this.seek(0); this.play(); } });
    this.ready(frame);
  }

  ready(frame) {
    if (!this.screens.every((s) => !s.video || s.video.readyState >= 1)) return;
    this.slider.max = Math.max(frame, this.leader.length() - frame);
    this.seek(this.first());
    if (this.eager) this.play();
    this.eager = false;
  }

  first() {
    const spans = this.screens.flatMap((screen) => screen.clip.spans);
    const chosen = spans.find((span) => spanKey(span) === this.focus);
    const worst = spans.sort((a, b) => b.severity - a.severity)[0];
    return (chosen || worst || { start: 0 }).start;
  }

  each(act) {
    for (const screen of this.screens) if (screen.video) act(screen.video);
  }

  time() {
    return this.leader.video.currentTime;
  }

  seek(time) {
    if (!this.leader) return;
    const frame = 1 / (this.leader.clip.fps || 25);
    const middle = (Math.floor(time / frame + 1e-6) + 0.5) * frame; // so that no rounding shows the frame before
    this.each((video) => { video.currentTime = Math.max(0, Math.min(middle, (video.duration || 1) - frame / 4)); });
    this.draw();
  }

  step(by) {
    this.pause();
    this.seek(Math.max(0, Math.min(Number(this.slider.max), this.time() + by)));
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  play() {
    this.playing = true;
    this.button.textContent = "Pause";
    this.each((video) => { video.play().catch(() => {}); });
    requestAnimationFrame(() => this.tick());
  }

  pause() {
    this.playing = false;
    this.button.textContent = "Play";
    this.each((video) => video.pause());
  }

  tick() {
    if (!this.playing) return;
    const time = this.time();
    this.each((video) => {
      if (!video.seeking && Math.abs(video.currentTime - time) > 0.08 && time < video.duration) video.currentTime = time;
    });
    this.draw();
    requestAnimationFrame(() => this.tick());
  }

  draw() {
    const time = this.time();
    for (const screen of this.screens) screen.draw(time);
    this.slider.value = time;
    this.clock.textContent = seconds(time);
  }
}

for (const root of document.querySelectorAll("[data-clips]")) {
  const { clips } = JSON.parse(document.getElementById("data").textContent);
  root.stage = new Stage(root, JSON.parse(root.dataset.clips).map((key) => clips[key]));
}
const everything = document.querySelector("[data-play-all]");
if (everything) {
  everything.addEventListener("click", () => {
    const stages = [...document.querySelectorAll("[data-clips]")].map((root) => root.stage).filter((s) => s.leader);
    const start = !stages.some((stage) => stage.playing);
    for (const stage of stages) {
      if (start) { stage.seek(0); stage.play(); } else stage.pause();
    }
    everything.textContent = start ? "Pause all" : "Play all";
  });
}

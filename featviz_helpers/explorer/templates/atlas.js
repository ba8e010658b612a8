"use strict";
const content = JSON.parse(document.getElementById("content").textContent);
const at = (id) => document.getElementById(id);
const grid = at("grid"), details = at("details"), sort = at("sort"), find = at("find"), face = at("face"), turn = at("turn");
const state = { layer: 0, channel: null, beside: null, patches: false, pooling: "mean", order: [] };

/* Small pieces: an element with properties and children, a picture, a number for the eye. */
function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}
const picture = (webp, alt) => make("img", { src: "data:image/webp;base64," + webp, alt, loading: "lazy" });
const shown = (value) => (value === null ? "–" : typeof value === "number" ? String(value) : value);
const layer = () => content.layers[state.layer];

function words(section, channel) {
  const labels = section.top.mean[channel].concat(section.top.max[channel]).map(([image]) => content.images[image].label);
  const own = section.values.class_name ? section.values.class_name[channel] || "" : "";
  return [String(channel), own, ...labels].join("\n").toLowerCase();
}

function cell(section, channel) {
  const strongest = section.top.mean[channel][0];
  const webp = face.value === "image" && strongest ? content.images[strongest[0]].webp : section.made[0][channel];
  const value = sort.value === "channel" ? "" : shown(section.values[sort.value][channel]);
  const button = make("button", { type: "button", className: "cell", title: `channel ${channel} ${value}` });
  button.append(picture(webp, `channel ${channel}`), make("span", {}, make("b", { textContent: channel }), make("i", { textContent: value })));
  button.dataset.channel = channel;
  button.setAttribute("role", "option");
  button.onclick = () => open(channel);
  return button;
}

function fill() {
  const section = layer(), query = find.value.trim().toLowerCase();
  const matches = (channel) => (/^\d+$/.test(query) ? String(channel) === query : words(section, channel).includes(query));
  const order = [...Array(section.channels).keys()].filter((channel) => !query || matches(channel));
  const way = turn.getAttribute("aria-pressed") === "true" ? -1 : 1;
  if (sort.value === "channel") order.sort((a, b) => way * (a - b));
  else {  // channels without a value come last either way
    const values = section.values[sort.value], text = typeof values.find((value) => value !== null) === "string";
    const missing = (value) => value === null;
    order.sort((a, b) => missing(values[a]) - missing(values[b]) || way * (text ? String(values[a]).localeCompare(values[b]) : values[b] - values[a]) || way * (a - b));
  }
  state.order = order;
  grid.replaceChildren(...order.map((channel) => cell(section, channel)));
  at("count").textContent = `${order.length} of ${section.channels} channels`;
  select();
}

function select() {
  for (const button of grid.children) button.setAttribute("aria-selected", Number(button.dataset.channel) === state.channel);
}

function choose(index) {
  state.layer = index;
  const kept = sort.value;
  sort.replaceChildren(make("option", { value: "channel", textContent: "number" }));
  for (const [name, label, title] of layer().columns) sort.append(make("option", { value: name, textContent: label, title }));
  sort.value = [...sort.options].some((option) => option.value === kept) ? kept : "channel";
  [...at("layers").children].forEach((button, number) => button.setAttribute("aria-selected", number === index));
  fill();
}

/* One channel in full. */
function seen(section, [image, activation, row, col], patches) {
  const { webp, label, name } = content.images[image];
  const place = [section.first[0] + section.stride[0] * row, section.first[1] + section.stride[1] * col];
  const [high, wide] = section.box;
  const [top, left] = place.map((begin, axis) => Math.min(Math.max(begin, 0), 1 - section.box[axis]));
  const img = picture(webp, label || name), frame = make("div", { className: "frame" }, img);
  if (patches) Object.assign(img.style, { width: `${100 / wide}%`, height: `${100 / high}%`, left: `${(-100 * left) / wide}%`, top: `${(-100 * top) / high}%` });
  else {
    const box = make("b");
    Object.assign(box.style, { top: `${100 * top}%`, left: `${100 * left}%`, height: `${100 * high}%`, width: `${100 * wide}%` });
    frame.append(box);
  }
  return make("figure", { title: name }, frame, make("figcaption", { textContent: `${shown(activation)} ${label}` }));
}

function svg(tag, attributes, text = "") {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.textContent = text;
  return element;
}

function histogram(section, channel) {
  const { low, high, shares } = section.histograms[channel], reached = section.reached[0][channel];
  const end = Math.max(high, reached ?? high), start = Math.min(low, reached ?? low), scale = (value) => 4 + (382 * (value - start)) / (end - start || 1);
  const chart = svg("svg", { viewBox: "0 0 390 82", role: "img", "aria-label": "distribution of the activations" });
  const most = Math.max(...shares), wide = (scale(high) - scale(low)) / shares.length;
  shares.forEach((share, bin) => {
    const tall = share > 0 ? Math.max(1, 52 * Math.sqrt(share / most)) : 0;
    chart.append(svg("rect", { x: scale(low) + bin * wide, y: 60 - tall, width: Math.max(wide - 0.5, 0.8), height: tall, fill: "currentColor", opacity: 0.55 }));
  });
  chart.append(svg("line", { x1: 0, x2: 390, y1: 60, y2: 60, stroke: "currentColor", opacity: 0.4 }));
  if (reached !== null) chart.append(svg("line", { x1: scale(reached), x2: scale(reached), y1: 4, y2: 60, stroke: "var(--mark)", "stroke-width": 2 }));
  chart.append(svg("text", { x: 0, y: 74 }, shown(start)), svg("text", { x: 390, y: 74, "text-anchor": "end" }, shown(end)));
  return chart;
}

function curve(section, channel, name, title) {
  const { x, y } = section.curves[name], values = y[channel], known = values.filter((value) => value !== null);
  const low = Math.min(0, ...known), high = Math.max(...known, 1e-9), chart = svg("svg", { viewBox: "0 0 130 92", role: "img", "aria-label": title });
  const spot = (i) => [6 + (118 * (x[i] - x[0])) / (x[x.length - 1] - x[0]), 66 - (56 * (values[i] - low)) / (high - low || 1)];
  let path = "", pen = "M";
  values.forEach((value, i) => {
    if (value === null) { pen = "M"; return; }
    const [across, up] = spot(i);
    path += `${pen}${across.toFixed(1)} ${up.toFixed(1)}`;
    pen = "L";
    chart.append(svg("circle", { cx: across, cy: up, r: 2, fill: "var(--link)" }));
  });
  chart.append(svg("path", { d: path || "M0 0", fill: "none", stroke: "var(--link)", "stroke-width": 1.5 }));
  chart.append(svg("line", { x1: 0, x2: 130, y1: 66, y2: 66, stroke: "currentColor", opacity: 0.4 }));
  chart.append(svg("text", { x: 6, y: 78 }, shown(x[0])), svg("text", { x: 124, y: 78, "text-anchor": "end" }, shown(x[x.length - 1])), svg("text", { x: 65, y: 90, "text-anchor": "middle" }, title));
  return chart;
}

function standing(section, channel) {
  const { above, times } = section.values;
  if (above[channel] === null) return "This channel's start has no gradient: there is no picture.";
  const factor = times[channel] === null ? "" : ` It reaches ${shown(times[channel])} times the strongest.`;
  const share = { 0: "none of the", 100: "all" }[above[channel]] ?? `${shown(above[channel])} % of the`;
  return `The picture (orange) stands above ${share} images.${factor}`;
}

function full(number, channel) {
  const section = content.layers[number], page = make("article");
  const keep = make("button", { type: "button", textContent: "keep beside", title: "P" });
  keep.onclick = () => pin([number, channel]);
  const close = make("button", { type: "button", textContent: "×", title: "close" });
  close.setAttribute("aria-label", "close");
  close.onclick = () => shut(number, channel);
  page.append(make("h2", {}, `${section.name}, channel ${channel}`, make("span", {}, keep, close)));
  const made = make("div", { className: "made" });
  section.made.forEach((images, seed) => made.append(make("figure", { className: seed ? "" : "large" }, picture(images[channel], `seed ${seed}`), make("figcaption", { textContent: `seed ${seed}: ${shown(section.reached[seed][channel])}` }))));
  made.append(make("figure", {}, picture(section.silent[channel], "silences it"), make("figcaption", { textContent: `silences it: ${shown(section.values.silent[channel])}` })));
  for (const image of made.querySelectorAll("img")) image.style.width = "100%";
  page.append(make("h3", { textContent: "Made to drive it" }), made);
  if (section.apart) {
    const apart = make("div", { className: "apart" });
    section.apart.made[channel].forEach((webp, number) => apart.append(make("figure", {}, picture(webp, `pushed apart, ${number + 1}`), make("figcaption", { textContent: shown(section.apart.reached[channel][number]) }))));
    page.append(make("h3", { textContent: "Pushed apart: what else drives it" }), apart);
  }
  const switches = make("span", { className: "row" });
  for (const [text, on, act] of [["whole images", !state.patches, () => (state.patches = false)], ["patches", state.patches, () => (state.patches = true)], ["by mean", state.pooling === "mean", () => (state.pooling = "mean")], ["by maximum", state.pooling === "max", () => (state.pooling = "max")]]) {
    const button = make("button", { type: "button", textContent: text, onclick: () => { act(); draw(); } });
    button.setAttribute("aria-pressed", on);
    switches.append(button);
  }
  const few = (images) => make("div", { className: "few" }, ...images.map((image) => seen(section, image, state.patches)));
  page.append(make("h3", { textContent: state.patches ? "Strongest images: what the strongest unit sees" : "Strongest images; the square is what the strongest unit sees" }), switches, few(section.top[state.pooling][channel]));
  page.append(make("h3", { textContent: "All images: mean activation (height: root of the share)" }), histogram(section, channel), make("p", { textContent: standing(section, channel) }));
  if (section.curves) {
    page.append(make("h3", { textContent: "Tuning, measured on drawings with a known answer" }));
    page.append(make("div", { className: "curves" }, curve(section, channel, "orientation_deg", "direction, degrees"), curve(section, channel, "frequency_cpp", "cycles per pixel"), curve(section, channel, "hue_deg", "hue, degrees")));
  }
  const near = make("div", { className: "near" });
  for (const [other, alike] of section.near[channel]) {
    const button = cell(section, other);
    button.querySelector("i").textContent = alike.toFixed(2);
    button.onclick = () => go(number, other);
    near.append(button);
  }
  page.append(make("h3", { textContent: "Channels that answer alike (correlation over images)" }), near);
  page.append(make("h3", { textContent: "Weakest images" }), few(section.bottom[channel]));
  const table = make("table");
  for (const [name, label, title] of section.columns) table.append(make("tr", { title }, make("th", { textContent: label }), make("td", { textContent: shown(section.values[name][channel]) })));
  table.append(make("tr", {}, make("th", { textContent: "map" }), make("td", { textContent: section.map.join(" × ") })));
  table.append(make("tr", { title: "pixels of the image that can change a unit, and the square that holds 90 % of the squared gradient" }, make("th", { textContent: "receptive field, effective" }), make("td", { textContent: `${section.field.join(" × ")}, ${section.effective.join(" × ")}` })));
  page.append(make("h3", { textContent: "In numbers" }), table);
  return page;
}

/* Where we are: #layer/channel, and after a plus sign the one that is kept beside it. */
const address = ([number, channel]) => `${encodeURIComponent(content.layers[number].name)}/${channel}`;
function draw() {
  const pages = [state.beside, state.channel === null ? null : [state.layer, state.channel]].filter(Boolean);
  const place = details.scrollTop;
  details.hidden = !pages.length;
  details.replaceChildren(...pages.map(([number, channel]) => full(number, channel)));
  details.scrollTop = place;
  select();
}
function say() {
  const here = state.channel === null ? encodeURIComponent(layer().name) : address([state.layer, state.channel]);
  history.replaceState(null, "", "#" + here + (state.beside ? "+" + address(state.beside) : ""));
}
function open(channel) { state.channel = channel; say(); draw(); }
function go(number, channel) { if (number !== state.layer) choose(number); open(channel); }
function pin(one) { state.beside = state.beside && address(state.beside) === address(one) ? null : one; say(); draw(); }
function shut(number, channel) {
  if (state.beside && address(state.beside) === address([number, channel])) state.beside = null;
  else state.channel = null;
  say(); draw();
}
function read(text) {
  const [name, channel] = text.split("/"), number = content.layers.findIndex((section) => section.name === decodeURIComponent(name));
  if (number < 0) return null;
  const whole = /^\d+$/.test(channel ?? "") && Number(channel) < content.layers[number].channels;
  return [number, whole ? Number(channel) : null];
}
function arrive() {
  const [first, second] = location.hash.slice(1).split("+"), here = read(first || "") || [0, null], beside = second ? read(second) : null;
  state.channel = here[1];
  state.beside = beside && beside[1] !== null ? beside : null;
  choose(here[0]);
  draw();
}

content.layers.forEach((section, number) => {
  const button = make("button", { type: "button", textContent: `${section.name} (${section.channels})` });
  button.setAttribute("role", "tab");
  button.onclick = () => { state.channel = null; choose(number); say(); draw(); };
  at("layers").append(button);
});
find.oninput = fill;
sort.onchange = face.onchange = fill;
turn.onclick = () => { turn.setAttribute("aria-pressed", turn.getAttribute("aria-pressed") !== "true"); fill(); };
addEventListener("hashchange", arrive);
addEventListener("keydown", (event) => {
  if (["INPUT", "SELECT"].includes(event.target.tagName) || event.ctrlKey || event.metaKey || event.altKey) return;
  const across = Math.max(1, Math.round((grid.clientWidth - 26) / 104));
  const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -across, ArrowDown: across }[event.key];
  if (step && state.order.length) {
    const now = state.order.indexOf(state.channel), next = now < 0 ? 0 : Math.min(Math.max(now + step, 0), state.order.length - 1);
    open(state.order[next]);
    grid.children[next].focus();
    event.preventDefault();
  } else if (event.key === "Escape") { state.channel = state.beside = null; say(); draw(); }
  else if (event.key === "p" && state.channel !== null) pin([state.layer, state.channel]);
});
arrive();

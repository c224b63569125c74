// Sliders of a tearsheet: growth, drawdown and the numbers below them follow, at most once a frame. PATH computes the path;
// PAGE is what the script of the page shares.
(() => {
  "use strict";
  const { data, forms, iso, drawChart } = PAGE;
  const panel = document.getElementById("live");
  const boxes = [...panel.querySelectorAll("[data-number]")];
  const run = PATH.decode(data.live.embedded);
  const sliders = new Map(data.live.sliders.map((slider) => [slider.key, slider]));
  const values = new Map([...sliders].map(([key, slider]) => [key, slider.value]));
  const [growth, drawdown] = data.charts.growth.panels.map((one) => one.series);
  const [own, fall] = [growth, drawdown].map((list) => list.find((series) => series.key === "strategy"));
  const drawn = { growth: own.values, drawdown: fall.values };
  const { column } = own; // of the download
  const configured = { ...own, key: "configured", name: `${own.name}, as configured`, colour: "quiet", dash: "dotted", thin: true };
  const changed = () => [...sliders.values()].some((slider) => values.get(slider.key) !== slider.value);
  const shift = (key) => (sliders.has(key) ? (values.get(key) - sliders.get(key).value) / 1e4 : 0);
  const factor = () => (sliders.has("size") ? values.get("size") / sliders.get("size").value : 1);

  /* ---- values ---- */
  const decimals = (slider) => (slider.step >= 1 && Number.isInteger(slider.value) ? 0 : slider.unit === "\u00d7" ? 2 : 1);
  const textOf = (slider, value) => `${value.toFixed(decimals(slider)).replace("-", "\u2212")}${slider.unit === "bp" ? " " : ""}${slider.unit}`;

  // A value on the grid of the steps and in the range; near the configured value, that value itself.
  function placed(slider, value) {
    const rounded = Math.abs(value - slider.value) < slider.step / 2 ? slider.value : Math.round(value / slider.step) * slider.step;
    return Math.min(Math.max(Number(rounded.toFixed(9)), slider.low), slider.high);
  }

  function set(key, value) {
    const slider = sliders.get(key), now = placed(slider, value);
    values.set(key, now);
    show(slider);
    later();
  }

  function show(slider) {
    const box = panel.querySelector(`[data-slider="${slider.key}"]`), input = box.querySelector("input"), value = values.get(slider.key);
    input.value = value;
    input.setAttribute("aria-valuetext", `${textOf(slider, value)}, configured ${textOf(slider, slider.value)}`);
    box.querySelector("output").textContent = textOf(slider, value);
    box.querySelector("button").hidden = value === slider.value;
    box.classList.toggle("changed", value !== slider.value);
    const part = (at) => (at - slider.low) / (slider.high - slider.low);
    const [from, to] = [part(Math.min(value, slider.value)), part(Math.max(value, slider.value))];
    Object.entries({ "--from": from, "--to": to }).forEach(([name, place]) => box.querySelector(".track").style.setProperty(name, place));
  }

  /* ---- what follows ---- */
  let waiting = 0, pause = 0;
  function later() {
    if (!waiting) waiting = requestAnimationFrame(() => { waiting = 0; follow(); });
  }

  function follow() {
    const different = changed();
    const path = different ? PATH.pathOf(run, PATH.shifted(run, shift("spread"), shift("cost")), PATH.resized(run, factor())) : null;
    const nav = path ? path.nav.subarray(0, path.ended) : run.nav;
    const rest = (list) => [...list, ...new Array(run.rows - list.length).fill(null)];
    own.values = path ? rest(nav) : drawn.growth;
    fall.values = path ? rest(PATH.drawdownOf(nav)) : drawn.drawdown;
    growth.splice(0, growth.length, ...growth.filter((series) => series !== configured));
    if (path) growth.push(configured);
    own.column = path ? `${column}, other terms` : column;
    const numbers = PATH.numbersOf(run, nav);
    boxes.forEach((box) => { box.querySelector("dd").textContent = written(box, numbers); });
    panel.querySelector(".live-words strong").textContent = path ? eventsOf(path) : "";
    document.documentElement.classList.toggle("terms-changed", different);
    drawChart("growth");
    clearTimeout(pause);
    pause = setTimeout(keep, 200); // browsers allow few changes of the address in a second
  }

  function eventsOf(path) {
    if (path.refused >= 0) return `A trade on ${dateOf(path.refused)} would cost all of the NAV; the path stops there.`;
    if (path.nav[path.ended - 1] === 0) return `All of the NAV is lost on ${dateOf(path.ended - 1)}.`;
    return path.calls ? `Under these terms there ${path.calls === 1 ? "is one margin call" : `are ${path.calls} margin calls`}.` : "";
  }

  const dateOf = (row) => iso(data.charts.growth.places[row]);

  /* ---- state in the address: only changed values, next to what else is there ---- */
  const parameters = () => new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");

  function keep() {
    const state = parameters(), before = String(state);
    for (const slider of sliders.values()) {
      if (values.get(slider.key) === slider.value) state.delete(slider.key);
      else state.set(slider.key, values.get(slider.key));
    }
    if (String(state) !== before) history.replaceState(null, "", String(state) ? `#${state}` : location.pathname + location.search);
  }

  function restore() {
    const state = parameters();
    for (const slider of sliders.values()) {
      const given = Number(state.get(slider.key) || NaN);
      values.set(slider.key, isFinite(given) ? placed(slider, given) : slider.value);
      show(slider);
    }
    if (changed() || document.documentElement.classList.contains("terms-changed")) later();
  }

  /* ---- mouse, keyboard ---- */
  const STEPS = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 };
  panel.addEventListener("input", (event) => set(event.target.closest("[data-slider]").dataset.slider, Number(event.target.value)));
  panel.addEventListener("keydown", (event) => {
    const box = event.target.matches("input") && event.target.closest("[data-slider]");
    if (!box || event.ctrlKey || event.metaKey || event.altKey) return;
    const slider = sliders.get(box.dataset.slider), now = values.get(slider.key);
    const next = event.key in STEPS ? now + STEPS[event.key] * slider.step
      : { Home: slider.low, End: slider.high, Backspace: slider.value, Delete: slider.value }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    set(slider.key, next);
  });
  panel.addEventListener("click", (event) => {
    const box = event.target.matches(".reset") && event.target.closest("[data-slider]");
    if (box) { set(box.dataset.slider, sliders.get(box.dataset.slider).value); box.querySelector("input").focus(); }
    if (event.target.matches("[data-check]")) event.target.nextElementSibling.textContent = checked();
  });
  window.addEventListener("hashchange", () => { if (location.hash.includes("=") || !location.hash) restore(); });

  /* ---- "Check this page" ---- */
  const written = (box, numbers) => {
    const value = numbers[box.dataset.number];
    return value === null || !isFinite(value) ? FORMATS.missing : forms[box.dataset.form].text(value);
  };

  function checked() {
    const found = PATH.check(run), numbers = PATH.numbersOf(run, found.path.nav), count = (rows) => rows.toLocaleString("en-US");
    const outcome = ({ wrong, largest, at }, rows) => (wrong ? `NOT on ${count(wrong)} of ${count(rows)} dates` : `on all ${count(rows)} dates`)
      + `; the largest difference is ${small(largest)} of NAV, on ${dateOf(at)}.`;
    const chart = drawn.growth.findIndex((value, at) => !(Math.abs(value - run.nav[at]) <= 1e-7 * run.nav[at])); // of 8 digits
    const printed = boxes.filter((box) => box.querySelector(".configured").textContent !== `as configured ${written(box, numbers)}`);
    const fine = !found.nav.wrong && !found.identity.wrong && chart < 0 && !printed.length;
    return [
      fine ? "This page agrees with itself." : "This page does NOT agree with itself.",
      `NAV follows from the prices, rates, decisions and terms ${outcome(found.nav, found.rows)}`,
      "The change of NAV is asset gains plus cash interest, less financing, borrow fees, trading costs and other fees, "
        + outcome(found.identity, found.rows - 1),
      chart < 0 ? "The chart of growth shows this NAV." : `The chart of growth shows another NAV on ${dateOf(chart)}.`,
      printed.length ? `The printed numbers do NOT follow from NAV: ${printed.map((box) => box.querySelector("dt").textContent).join(", ")}.`
        : "The printed numbers follow from it.",
    ].join("\n");
  }

  const small = (value) => (value === 0 ? "0" : value >= 1e-4 ? forms.percent2.text(value) : value.toExponential(0).replace("-", "\u2212"));

  restore();
})();

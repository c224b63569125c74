// Live page: settings are sent to the server while they move; the newest answer is drawn. PAGE is the script of all pages.
(() => {
  "use strict";
  const { data, forms, drawChart } = PAGE;
  const here = location.pathname, tab = crypto.randomUUID ? crypto.randomUUID() : String(Math.random());
  const controls = new Map(data.live.controls.map((control) => [control.setting, control]));
  const boxes = new Map([...document.querySelectorAll("[data-setting]")].map((box) => [box.dataset.setting, box]));
  const values = new Map([...controls].map(([name, control]) => [name, control.value]));
  const shown = new Map(); // Sharpe ratio by settings, of all that were shown
  const history_ = []; // settings before each change, for undo
  let number = 0, answer = null, timer = 0, busy = false, again = false;
  const pinned = [];

  const isChanged = (name) => values.get(name) !== controls.get(name).value;
  const settings = () => Object.fromEntries([...values].filter(([name]) => isChanged(name)));
  const key = (given) => JSON.stringify(Object.entries(given).sort());
  const decimals = (control) => (control.step >= 1 ? 0 : 1);
  const textOf = (control, value) => (control.choices.length ? String(value).replaceAll("_", " ") : `${Number(value).toFixed(decimals(control))}${control.unit}`);

  async function ask(name, given) {
    const response = await fetch(`${here}${name}`, { method: "POST", body: JSON.stringify(given) });
    const found = await response.json();
    if (response.status === 409) return null;
    if (!response.ok) throw new Error(found.error || `status ${response.status}`);
    return found;
  }

  /* ---- controls ---- */
  function show(name) {
    const control = controls.get(name), box = boxes.get(name), value = values.get(name), input = box.querySelector("input, select");
    input.value = value;
    box.classList.toggle("changed", isChanged(name));
    box.querySelector(".reset").hidden = !isChanged(name);
    if (control.choices.length) return;
    box.querySelector("output").textContent = textOf(control, value);
    input.setAttribute("aria-valuetext", `${textOf(control, value)}, configured ${textOf(control, control.value)}`);
  }

  function set(name, value, remember = true) {
    const control = controls.get(name);
    let now = value;
    if (!control.choices.length) {
      now = Math.abs(value - control.value) < control.step / 2 ? control.value : Number((Math.round(value / control.step) * control.step).toFixed(6));
      now = Math.min(Math.max(now, control.low), control.high);
    }
    if (now === values.get(name)) return show(name);
    if (remember) remembered(name);
    values.set(name, now);
    show(name);
    follow();
  }

  let last = null;
  function remembered(name) { // one step of undo for a drag
    if (name === null || last !== name || Date.now() - remembered.at > 1000) history_.push(key(settings()));
    last = name;
    remembered.at = Date.now();
    document.getElementById("undo").disabled = false;
  }

  function restore(given) {
    for (const [name, control] of controls) values.set(name, name in given ? given[name] : control.value);
    controls.forEach((_, name) => show(name));
    follow();
  }

  /* ---- answers ---- */
  async function follow() {
    clearTimeout(timer);
    if (busy) { again = true; return; }
    busy = true;
    do {
      again = false;
      const given = settings();
      try {
        const found = await ask("path", { tab, number: ++number, settings: given });
        if (found) draw(found, given);
        complain(null);
      } catch (problem) { complain(problem.message); }
    } while (again);
    busy = false;
    timer = setTimeout(settle, 300);
  }

  function draw(found, given) {
    answer = { ...found, given };
    const chart = found.chart;
    let day = 0;
    chart.places = chart.x.dates.map((step) => (day += step) * 86400000);
    const growth = chart.panels[0].series;
    for (const one of pinned) {
      const at = new Map(one.places.map((place, i) => [place, one.values[i]]));
      growth.push({ ...growth[0], key: `pinned: ${one.letter}`, name: one.letter, colour: "quiet", thin: true, dash: "dotted", values: chart.places.map((place) => at.get(place) ?? null) });
    }
    data.charts.growth = chart;
    data.crises = found.crises;
    drawChart("growth");
    shown.set(key(given), found.numbers[0].sharpe);
    document.getElementById("period").textContent = `${found.start} to ${found.end}`;
    document.getElementById("reset").disabled = !Object.keys(given).length;
    rows();
  }

  function complain(message) {
    boxes.forEach((box) => { box.querySelector(".wrong").hidden = true; });
    if (!message) return;
    const name = [...controls.keys()].find((each) => message.includes(each)) || last || [...controls.keys()][0];
    const place = boxes.get(name).querySelector(".wrong");
    place.textContent = message.replace(/^overrides: /, "");
    place.hidden = false;
  }

  async function settle() { // after release: intervals, curves, the number of settings tried, the address
    const given = settings(), state = new URLSearchParams(Object.entries(given));
    if (String(state) !== location.hash.slice(1)) history.pushState(null, "", String(state) ? `#${state}` : here);
    const at = number;
    try {
      const found = await ask("intervals", { tab, number: at, settings: given });
      if (found && at === number && answer) { answer.intervals = found.intervals; rows(); }
      for (const [name, control] of controls) {
        if (control.choices.length || at !== number) continue;
        const curve = await ask("curve", { tab, number: at, settings: given, setting: name });
        if (!curve || at !== number) return;
        curve.values.forEach((value, i) => { if (curve.sharpe[i] !== null) shown.set(key({ ...given, [name]: value }), curve.sharpe[i]); });
        sketch(name, curve);
      }
      const chance = await ask("chance", { sharpe: [...shown.values()].filter((one) => one !== null) });
      const words = document.getElementById("tried");
      words.hidden = shown.size < 2;
      words.textContent = `${shown.size} settings tried. Even if all were equally good, the best Sharpe ratio would look about ${forms.ratio.text(chance.excess)} too high by chance.`;
    } catch (problem) { complain(problem.message); }
  }

  function sketch(name, curve) {
    const control = controls.get(name), known = curve.sharpe.filter((one) => one !== null), low = Math.min(...known), high = Math.max(...known);
    const point = (value, sharpe) => [100 * (value - control.low) / (control.high - control.low), 22 - 20 * (high > low ? (sharpe - low) / (high - low) : 0.5)];
    const points = curve.values.flatMap((value, i) => (curve.sharpe[i] === null ? [] : [point(value, curve.sharpe[i]).join(",")]));
    const line = document.createElementNS("http://www.w3.org/2000/svg", "polyline");
    line.setAttribute("points", points.join(" "));
    const svg = boxes.get(name).querySelector(".curve");
    svg.replaceChildren(line);
    svg.setAttribute("data-range", `${forms.ratio.text(low)} to ${forms.ratio.text(high)}`);
  }

  /* ---- rows ---- */
  function rows() {
    const body = document.querySelector("#variants tbody"), list = [["this variant", answer.numbers[0], answer.intervals?.[0]]];
    if (answer.numbers[1]) list.push([data.live.benchmark, answer.numbers[1], answer.intervals?.[1]]);
    pinned.forEach((one) => list.push([`${one.letter}: ${one.words}`, one.numbers, null, one]));
    body.replaceChildren(...list.map(([name, numbers, intervals, pin]) => {
      const row = document.createElement("tr"), head = document.createElement("th");
      head.scope = "row";
      head.textContent = name;
      row.append(head, ...data.live.numbers.map(({ key: which, form }) => {
        const cell = document.createElement("td"), value = numbers[which];
        cell.textContent = value === null ? "\u2013" : forms[form].text(value);
        if (intervals?.[which]) {
          const small = document.createElement("span");
          small.className = "interval";
          small.textContent = intervals[which].map((end) => forms[form].text(end)).join(" to ");
          cell.append(small);
        }
        return cell;
      }));
      const action = document.createElement("td");
      if (pin) {
        const button = document.createElement("button");
        Object.assign(button, { type: "button", className: "small", textContent: "\u00d7" });
        button.setAttribute("aria-label", `Remove ${pin.letter}`);
        button.addEventListener("click", () => { pinned.splice(pinned.indexOf(pin), 1); draw(answer, answer.given); });
        action.append(button);
      }
      row.append(action);
      return row;
    }));
    document.getElementById("pin").disabled = pinned.length >= 4;
    if (pinned.length >= 4) say("Remove one to pin another.");
  }

  document.getElementById("pin").addEventListener("click", () => {
    if (!answer || pinned.length >= 4) return;
    const words = Object.entries(answer.given).map(([name, value]) => `${controls.get(name).label.toLowerCase()} ${textOf(controls.get(name), value)}`).join(", ");
    const letter = "ABCD".split("").find((one) => !pinned.some((pin) => pin.letter === one));
    pinned.push({ letter, words: words || "as configured", numbers: answer.numbers[0], places: answer.chart.places, values: answer.chart.panels[0].series[0].values });
    draw(answer, answer.given);
  });

  /* ---- files ---- */
  const say = (...parts) => document.getElementById("said").replaceChildren(...parts);
  document.getElementById("write").addEventListener("click", async () => {
    say("Writing the report\u2026");
    try {
      const found = await ask("write", { tab, number, settings: settings() }), link = document.createElement("a");
      Object.assign(link, { href: `${here}report`, target: "_blank", rel: "noopener", textContent: found.path });
      say("Report: ", link);
    } catch (problem) { say(problem.message); }
  });
  document.getElementById("save")?.addEventListener("click", async () => {
    try {
      const found = await ask("save", { tab, number, settings: settings(), name: document.getElementById("save-name").value.trim() });
      say(`Saved ${found.path}`);
    } catch (problem) { say(problem.message); }
  });

  /* ---- input ---- */
  const STEPS = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 };
  const panel = document.getElementById("controls");
  panel.addEventListener("input", (event) => {
    const box = event.target.closest("[data-setting]");
    if (box) set(box.dataset.setting, event.target.matches("select") ? event.target.value : Number(event.target.value));
  });
  panel.addEventListener("keydown", (event) => {
    const box = event.target.matches("input") && event.target.closest("[data-setting]");
    if (!box || event.ctrlKey || event.metaKey || event.altKey) return;
    const control = controls.get(box.dataset.setting), now = values.get(box.dataset.setting);
    const next = event.key in STEPS ? now + STEPS[event.key] * control.step : { Home: control.low, End: control.high, Backspace: control.value }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    set(box.dataset.setting, next);
  });
  panel.addEventListener("click", (event) => {
    const box = event.target.matches(".reset") && event.target.closest("[data-setting]");
    if (box) set(box.dataset.setting, controls.get(box.dataset.setting).value);
    if (event.target.id === "reset") { remembered(null); restore({}); }
    if (event.target.id === "undo" && history_.length) {
      restore(Object.fromEntries(JSON.parse(history_.pop())));
      event.target.disabled = !history_.length;
    }
  });
  const fromAddress = () => Object.fromEntries([...new URLSearchParams(location.hash.slice(1))].filter(([name]) => controls.has(name))
    .map(([name, value]) => [name, controls.get(name).choices.length ? value : Number(value)]));
  addEventListener("popstate", () => restore(fromAddress()));
  restore(fromAddress());
})();

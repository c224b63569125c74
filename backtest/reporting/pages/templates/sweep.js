// The page of a sweep: one measure for all charts, one filter for the lines and the table. FORMATS come before this script.
(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("page-data").textContent);
  if (!data.metrics.length) return;
  const byId = (id) => document.getElementById(id);
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const missing = FORMATS.missing;

  /* ---- numbers ---- */
  const bytes = (text) => {
    const letters = atob(text), found = new Uint8Array(letters.length);
    for (let i = 0; i < letters.length; i++) found[i] = letters.charCodeAt(i);
    return found.buffer;
  };
  const CODES = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array };
  const runs = new Uint32Array(bytes(data.runs)), rows = runs.length;
  const textsOf = (each) => each.texts ?? each.values.map((value) => String(Number(value.toPrecision(5))));
  const settings = data.settings.map((each) => ({ ...each, texts: textsOf(each), codes: new CODES[each.bytes](bytes(each.codes)) }));
  const metrics = data.metrics.map((each) => ({ ...each, values: new Float32Array(bytes(each.values)) }));
  const signed = (text) => (/[1-9]/.test(text) ? text.replace("-", "\u2212") : text.replace("-", ""));
  const written = (form, value, plus = false) => {
    if (value === null || !Number.isFinite(value)) return missing;
    const { scale, digits, unit } = FORMATS.numbers[form];
    const text = signed((scale * value).toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }));
    return `${plus && value > 0 && /[1-9]/.test(text) ? "+" : ""}${text}${unit}`;
  };
  const textAt = (setting, code) => (code < 0 ? missing : setting.texts[code]);
  const text = (setting, row) => textAt(setting, setting.codes[row] - 1); // code 0: the setting does not apply
  const rowOf = new Map(); // run -> row
  runs.forEach((run, row) => rowOf.set(run, row));
  const varied = settings.filter((setting) => setting.texts.length > 1);
  const state = { metric: metrics[0], kept: null, order: null, sorted: { column: metrics[0], down: true }, brushes: new Map() };

  /* ---- elements ---- */
  const node = (tag, content, attributes = {}) => {
    const made = document.createElement(tag);
    if (content !== undefined) made.textContent = content;
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  };
  const drawing = (height, label) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    for (const [name, value] of [["height", height], ["role", "img"], ["aria-label", label]]) made.setAttribute(name, value);
    return made;
  };
  const shape = (parent, tag, attributes, content) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    if (content !== undefined) made.textContent = content;
    parent.append(made);
    return made;
  };
  const short = (words, most) => (words.length > most ? `${words.slice(0, most - 1)}\u2026` : words);

  /* ---- select boxes ---- */
  const picks = Object.fromEntries([...document.querySelectorAll("[data-pick]")].map((one) => [one.dataset.pick, one]));
  const fill = (pick, names) => pick.replaceChildren(...names.map((name, i) => node("option", name, { value: i })));
  fill(picks.metric, metrics.map((metric) => metric.label));
  const axes = varied.length ? varied : settings;
  for (const name of ["down", "across"]) fill(picks[name], axes.map((setting) => setting.label));
  // First the two settings with the largest effects. Costs and financing come last, because the lowest always wins.
  const weight = (setting) => {
    const effects = metrics[0].effects[settings.indexOf(setting)].map((effect) => Math.abs(effect[3]));
    return Math.max(0, ...effects) - (/^(costs|financing|fees)\b/.test(setting.name) ? 1e6 : 0);
  };
  const largest = axes.map((setting, i) => [weight(setting), i]).sort((a, b) => b[0] - a[0] || a[1] - b[1]).slice(0, 2).map((pair) => pair[1]).sort((a, b) => a - b);
  picks.down.value = largest[0];
  picks.across.value = largest.at(-1);
  fill(picks.over, rows < data.total ? ["best of the other settings"] : ["best of the other settings", "median over the other settings"]);

  /* ---- map ---- */
  const MOST_CELLS = 12;
  // Places of a setting on the map: its values, or equal parts of the runs if it has many numbers.
  function placesOf(setting) {
    const size = setting.texts.length;
    if (size <= MOST_CELLS || !setting.number)
      return { names: [...setting.texts, missing], of: (code) => (code === 0 ? size : code - 1), own: setting.configured };
    const used = [...setting.codes].filter((code) => code > 0).sort((a, b) => a - b), parts = 8;
    const ends = Array.from({ length: parts }, (_, i) => used[Math.ceil(((i + 1) * used.length) / parts) - 1]);
    const values = setting.values, number = (v) => String(Number(v.toPrecision(3)));
    const names = ends.map((end, i) => `${number(values[i ? Math.min(ends[i - 1], end - 1) : 0])} to ${number(values[end - 1])}`);
    return { names: [...names, missing], of: (code) => (code === 0 ? parts : ends.findIndex((end) => code <= end)), own: null };
  }
  const better = (metric, a, b) => (metric.better === "lower" ? a < b : a > b);

  function cellsOf(metric, down, across, median) {
    const one = placesOf(down), two = placesOf(across), wide = two.names.length;
    const best = new Map(), all = new Map();
    for (let row = 0; row < rows; row++) {
      const value = metric.values[row];
      if (Number.isNaN(value)) continue;
      const cell = one.of(down.codes[row]) * wide + two.of(across.codes[row]);
      const known = best.get(cell);
      if (known === undefined || better(metric, value, metric.values[known])) best.set(cell, row);
      if (median) all.has(cell) ? all.get(cell).push(value) : all.set(cell, [value]);
    }
    const middle = (values) => {
      const sorted = Float64Array.from(values).sort(), half = sorted.length >> 1;
      return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    };
    return { one, two, wide, best, value: (cell) => (median ? middle(all.get(cell)) : metric.values[best.get(cell)]) };
  }

  function drawMap() {
    const metric = state.metric, down = axes[picks.down.value], across = axes[picks.across.value];
    const median = picks.over.value === "1";
    const { one, two, wide, best, value } = cellsOf(metric, down, across, median);
    const known = new Map([...best.keys()].map((cell) => [cell, value(cell)]));
    const low = Math.min(...known.values()), high = Math.max(...known.values());
    const top = rowOf.get(metric.best[0]);
    const topCell = top === undefined ? -1 : one.of(down.codes[top]) * wide + two.of(across.codes[top]);
    const used = (names, at) => names.map((_, i) => i).filter((i) => [...best.keys()].some((cell) => at(cell) === i));
    const columns = used(two.names, (cell) => cell % wide);
    const head = node("thead"), first = node("tr");
    first.append(node("td"), ...columns.map((i) => node("th", short(two.names[i], 28), { scope: "col" })));
    head.append(first);
    const body = node("tbody");
    for (const i of used(one.names, (cell) => Math.floor(cell / wide))) {
      const line = node("tr");
      line.append(node("th", short(one.names[i], 28), { scope: "row" }));
      for (const j of columns) {
        const cell = i * wide + j, place = node("td");
        line.append(place);
        if (!best.has(cell)) { place.className = "empty"; place.textContent = missing; continue; }
        const row = best.get(cell), share = high > low ? (known.get(cell) - low) / (high - low) : 0.5;
        const button = node("button", written(metric.form, known.get(cell)), { type: "button" });
        button.title = [...settings.map((s) => `${s.label}: ${text(s, row)}`), `${metric.label}: ${written(metric.form, metric.values[row])}`].join("\n")
          + (median ? "\n(the best run of this cell)" : "");
        button.style.background = `rgb(${css("--gain")} / ${(0.5 * (metric.better === "lower" ? 1 - share : share)).toFixed(3)})`;
        button.addEventListener("click", () => show(row));
        place.append(button);
        if (cell === topCell) place.classList.add("best");
        if (i === one.own && j === two.own) place.classList.add("own");
      }
      body.append(line);
    }
    byId("cells").replaceChildren(node("caption", `${metric.label}: ${down.label} (rows), ${across.label} (columns)`, { class: "unseen" }), head, body);
    const legend = byId("map-legend");
    legend.replaceChildren(node("span", "", { class: "key best" }), "best run ");
    if (one.own !== null && two.own !== null) legend.append(node("span", "", { class: "key own" }), "as configured ");
    legend.append(median ? `\u00b7 Median over ${data.total.toLocaleString("en-US")} runs by cell.` : "\u00b7 Best run of each cell: the more runs, the luckier.");
    if (metric.key === "sharpe" && data.chance !== null) legend.append(` The best by chance is ${written(metric.form, data.chance)}.`);
  }

  /* ---- lines of numbers: neighbours, distribution, effects ---- */
  const widthOf = (container) => Math.max(260, container.clientWidth);
  const spread = (low, high) => (high > low ? [low, high] : [low - Math.abs(low || 1) * 0.1, high + Math.abs(high || 1) * 0.1]);

  function drawNeighbours() {
    const metric = state.metric, container = byId("near"), width = widthOf(container);
    byId("plateau").textContent = metric.words;
    const changed = (codes) => settings.flatMap((s, i) => (codes[i] === metric.bestCodes[i] ? [] : [`${s.label} ${textAt(s, codes[i])}`])).join(", ");
    const others = metric.near.map(([run, ...rest]) => ({ run, name: changed(rest.slice(0, -1)), value: rest.at(-1) }));
    others.sort((a, b) => (better(metric, a.value, b.value) ? -1 : 1));
    const list = [{ run: metric.best[0], name: `The best: run ${metric.best[0]}`, value: metric.best[1] }, ...others.slice(0, 14)];
    const luck = metric.key === "sharpe" && data.chance !== null ? data.chance : null;
    const numbers = list.map((item) => item.value).concat(luck === null ? [] : [luck]);
    const [low, high] = spread(Math.min(...numbers), Math.max(...numbers));
    const names = Math.min(250, width * 0.45), room = width - names - 64, at = (v) => names + 10 + ((v - low) / (high - low)) * room;
    const svg = drawing(list.length * 24 + (luck === null ? 6 : 26), "The best run and the runs one step away from it");
    list.forEach((item, i) => {
      const y = i * 24 + 14, strong = i ? "" : " strong";
      shape(svg, "text", { x: 0, y: y + 4, class: strong }, short(item.name, Math.floor(names / 6.4)));
      shape(svg, "line", { x1: at(low), x2: at(item.value), y1: y, y2: y, class: "axis" });
      shape(svg, "circle", { cx: at(item.value), cy: y, r: i ? 4 : 5.5, class: "dot" });
      shape(svg, "text", { x: at(item.value) + 9, y: y + 4, class: strong }, written(metric.form, item.value));
    });
    if (luck !== null) {
      const end = list.length * 24 + 4;
      shape(svg, "line", { x1: at(luck), x2: at(luck), y1: 2, y2: end, class: "luck" });
      shape(svg, "text", { x: at(luck), y: end + 14, "text-anchor": luck < (low + high) / 2 ? "start" : "end", class: "quiet" }, `best by chance ${written(metric.form, luck)}`);
    }
    container.replaceChildren(svg);
    if (others.length > 14) container.append(node("p", `The best 14 of ${others.length} runs one step away.`, { class: "legend" }));
  }

  function drawDistribution() {
    const metric = state.metric, { low: first, high: last, counts } = metric.histogram, container = byId("bars"), width = widthOf(container);
    const luck = metric.key === "sharpe" && data.chance !== null ? data.chance : null;
    const [low, high] = spread(Math.min(first, luck ?? first), Math.max(last, luck ?? last));
    const at = (v) => 4 + ((v - low) / (high - low)) * (width - 8), most = Math.max(...counts), base = 190;
    const svg = drawing(base + 22, `Distribution of ${metric.label} over all runs`);
    counts.forEach((count, i) => {
      const from = at(first + ((last - first) * i) / counts.length), to = at(first + ((last - first) * (i + 1)) / counts.length);
      const height = (count / most) * (base - 50);
      shape(svg, "rect", { x: from, y: base - height, width: Math.max(0.5, to - from - 1), height, class: "bar" });
    });
    shape(svg, "line", { x1: 0, x2: width, y1: base, y2: base, class: "axis" });
    const side = (v) => (at(v) > width / 2 ? "end" : "start"), beside = (v) => at(v) + (side(v) === "end" ? -6 : 6);
    const mark = (v, y, kind, words) => {
      shape(svg, "line", { x1: at(v), x2: at(v), y1: y, y2: base, class: kind });
      shape(svg, "text", { x: beside(v), y: y + 10, "text-anchor": side(v) }, words);
    };
    mark(metric.best[1], 4, "mark", `${metric.better ? "best" : "highest"} ${written(metric.form, metric.best[1])}`);
    if (luck !== null) mark(luck, 22, "luck", `best by chance ${written(metric.form, luck)}`);
    for (const [v, anchor] of [[low, "start"], [high, "end"]])
      shape(svg, "text", { x: at(v), y: base + 16, "text-anchor": anchor, class: "quiet" }, written(metric.form, v));
    container.replaceChildren(svg);
    byId("luck").textContent = `${metric.label} of all runs.` + (luck === null ? "" : " The dashed line is what the best of as many rules without any merit is expected to have.");
  }

  function drawEffects() {
    const metric = state.metric, container = byId("differences"), all = metric.effects.flat();
    const [low, high] = spread(Math.min(0, ...all.map((e) => e[4])), Math.max(0, ...all.map((e) => e[5])));
    container.replaceChildren(...varied.map((setting) => {
      const effects = metric.effects[settings.indexOf(setting)], part = node("div");
      part.append(node("h3", setting.label));
      if (!effects.length) { part.append(node("p", "No two runs differ in this setting alone.", { class: "legend" })); return part; }
      part.append(node("p", `beside ${textAt(setting, effects[0][1])}`, { class: "legend" }));
      container.append(part);
      const width = Math.max(240, (container.clientWidth || 320) / Math.max(1, Math.floor(container.clientWidth / 352)) - 34);
      const names = Math.min(150, width * 0.36), room = width - names - 66, at = (v) => names + 4 + ((v - low) / (high - low)) * room;
      const svg = drawing(effects.length * 24 + 4, `Effect of ${setting.label} on ${metric.label}`);
      shape(svg, "line", { x1: at(0), x2: at(0), y1: 0, y2: effects.length * 24 + 4, class: "axis" });
      effects.forEach(([value, , pairs, middle, from, to], i) => {
        const y = i * 24 + 14;
        shape(svg, "text", { x: 0, y: y + 4 }, short(textAt(setting, value), Math.floor(names / 6.6)));
        const bar = shape(svg, "line", { x1: at(from), x2: at(to) + 0.01, y1: y, y2: y, class: "span" });
        shape(bar, "title", {}, `${pairs} pairs of runs: ${written(metric.form, from, true)} to ${written(metric.form, to, true)}`);
        shape(svg, "circle", { cx: at(middle), cy: y, r: 4.5, class: "dot" });
        shape(svg, "text", { x: width, y: y + 4, "text-anchor": "end" }, written(metric.form, middle, true));
      });
      part.append(svg);
      return part;
    }));
  }

  /* ---- filter and order ---- */
  const LIMIT = /^([\w.]+)(>=|<=|>|<)(-?[\d.]+)(%?)$/;
  const HOLDS = { ">": (a, b) => a > b, "<": (a, b) => a < b, ">=": (a, b) => a >= b, "<=": (a, b) => a <= b };

  // A function of a row for each word of the search: a limit of a measure or of a number, or part of "name=value".
  function conditions(words) {
    return words.toLowerCase().replaceAll("\u2212", "-").split(/\s+/).filter(Boolean).map((word) => {
      const limit = LIMIT.exec(word);
      if (limit) {
        const bound = Number(limit[3]) / (limit[4] ? 100 : 1), holds = HOLDS[limit[2]];
        const metric = metrics.find((each) => each.key.includes(limit[1]));
        if (metric) return (row) => holds(metric.values[row], bound);
        const setting = settings.find((each) => each.number && each.name.toLowerCase().includes(limit[1]));
        if (setting) return (row) => setting.codes[row] > 0 && holds(setting.values[setting.codes[row] - 1], bound);
      }
      const hits = settings.map((setting) =>
        Uint8Array.from([0, ...setting.texts.map((value) => `${setting.name}=${value}`.toLowerCase().replaceAll(" ", "").includes(word))]));
      return (row) => settings.some((setting, k) => hits[k][setting.codes[row]]);
    });
  }

  function filter() {
    const tests = conditions(byId("search").value);
    for (const [axis, [low, high]] of state.brushes) tests.push((row) => { const at = axis.at(row); return at >= low && at <= high; });
    const kept = new Uint8Array(rows);
    for (let row = 0; row < rows; row++) kept[row] = tests.every((test) => test(row)) ? 1 : 0;
    state.kept = kept;
    order();
  }

  // Sort keys with the row in their lower 21 bits, so that numbers alone are sorted; ties keep the order of the sweep.
  const ROWS = 2 ** 21;
  function keysOf({ column, down }) {
    if (!column.values || column.texts) return Float64Array.from(column.codes ?? runs, (code) => (down ? 2 ** 32 - 1 - code : code));
    const whole = new Uint32Array(column.values.buffer), keys = new Float64Array(rows);
    for (let row = 0; row < rows; row++) {
      const bits = whole[row], rising = bits & 0x80000000 ? ~bits >>> 0 : (bits | 0x80000000) >>> 0;
      keys[row] = Number.isNaN(column.values[row]) ? 2 ** 32 - 1 : down ? 2 ** 32 - 1 - rising : rising;
    }
    return keys;
  }

  function order() {
    const keys = keysOf(state.sorted), chosen = new Float64Array(rows);
    let count = 0;
    for (let row = 0; row < rows; row++) if (state.kept[row]) chosen[count++] = keys[row] * ROWS + row;
    state.order = Uint32Array.from(chosen.subarray(0, count).sort(), (key) => key % ROWS);
    byId("count").textContent = count === rows ? `${rows.toLocaleString("en-US")} ${rows === 1 ? "run" : "runs"}` : `${count.toLocaleString("en-US")} of ${rows.toLocaleString("en-US")} runs`;
    byId("scroller").scrollTop = 0;
    drawRows();
  }

  /* ---- table: only visible rows are in the document ---- */
  const HEIGHT = 32, SEEN = 16, table = byId("table"), scroller = byId("scroller"), body = table.tBodies[0];
  const RUN = { key: "run", label: "Run" };
  const columns = [RUN, ...settings, ...metrics];

  function drawHead() {
    const line = node("tr");
    for (const column of columns) {
      const cell = node("th", undefined, { scope: "col" }), button = node("button", column.label, { type: "button" });
      if (column.texts && !column.number) cell.className = "text";
      if (column === state.sorted.column) cell.setAttribute("aria-sort", state.sorted.down ? "descending" : "ascending");
      button.addEventListener("click", () => {
        const again = state.sorted.column === column;
        state.sorted = { column, down: again ? !state.sorted.down : column.better === "higher" };
        drawHead();
        order();
      });
      cell.append(button);
      line.append(cell);
    }
    const focused = [...table.tHead.querySelectorAll("button")].indexOf(document.activeElement);
    table.tHead.replaceChildren(line);
    if (focused >= 0) table.tHead.querySelectorAll("button")[focused].focus();
  }

  function rowOfTable(row) {
    const line = node("tr", undefined, { "data-run": runs[row] }), name = node("th", undefined, { scope: "row" });
    name.append(node("button", String(runs[row]), { type: "button", "aria-label": `Run ${runs[row]}: settings and command` }));
    line.append(name);
    for (const setting of settings) line.append(node("td", text(setting, row), setting.number ? {} : { class: "text", title: text(setting, row) }));
    for (const metric of metrics) line.append(node("td", written(metric.form, metric.values[row])));
    return line;
  }

  function drawRows() {
    const total = state.order.length, first = Math.max(0, Math.floor(scroller.scrollTop / HEIGHT) - 8);
    const last = Math.min(total, first + SEEN + 16);
    const gap = (count) => {
      const line = node("tr", undefined, { class: "gap", "aria-hidden": "true" }), cell = node("td", undefined, { colspan: columns.length });
      cell.style.height = `${count * HEIGHT}px`;
      line.append(cell);
      return line;
    };
    table.setAttribute("aria-rowcount", total + 1);
    const lines = [...state.order.subarray(first, last)].map(rowOfTable);
    body.replaceChildren(...(first ? [gap(first)] : []), ...lines, ...(last < total ? [gap(total - last)] : []));
  }

  /* ---- one run ---- */
  const shell = (words) => (/^[\w@%+=:,./-]+$/.test(words) ? words : `'${words.replaceAll("'", "'\\''")}'`);
  const plainText = (value) => typeof value === "string" && /^[A-Za-z_][\w ./-]*$|^\d+[A-Z]$|^\d{4}-\d\d-\d\d$/.test(value) && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(value);
  const yaml = (value) => (plainText(value) ? value : JSON.stringify(value));
  const python = (value) => {
    if (value === null) return "None";
    if (typeof value === "boolean") return value ? "True" : "False";
    if (Array.isArray(value)) return `[${value.map(python).join(", ")}]`;
    if (typeof value === "object") return `{${Object.entries(value).map(([name, inner]) => `${JSON.stringify(name)}: ${python(inner)}`).join(", ")}}`;
    return JSON.stringify(value);
  };

  function show(row) {
    const run = runs[row], own = settings.filter((setting) => setting.codes[row] > 0);
    const valueOf = (setting) => setting.values[setting.codes[row] - 1];
    const pairs = (list) => list.map(([name, value]) => { const part = node("div"); part.append(node("dt", name), node("dd", value)); return part; });
    byId("run-name").textContent = `Run ${run}`;
    byId("run-settings").replaceChildren(...pairs(own.map((setting) => [setting.label, text(setting, row)])));
    byId("run-numbers").replaceChildren(...pairs(metrics.map((metric) => [metric.label, written(metric.form, metric.values[row])])));
    byId("run-error").textContent = data.errors[run] ?? "";
    const options = own.map((setting) => `--set ${shell(`${setting.name}=${yaml(valueOf(setting))}`)}`);
    byId("run-command").hidden = !data.command;
    byId("run-command").querySelector("code").textContent = [data.command, ...options, `--name ${shell(`${data.name}_${run}`)}`].join(" ");
    const overrides = own.map((setting) => `${JSON.stringify(setting.name)}: ${python(valueOf(setting))}`).join(", ");
    byId("run-python").querySelector("code").textContent = `found.result(${run})  # of the sweep, or bt.run(config, {${overrides}})`;
    byId("run").showModal();
  }

  /* ---- parallel coordinates ---- */
  const canvas = byId("parallel"), TALL = 320, ABOVE = 40, BELOW = 24, MOST_LINES = 2000;

  // Axes: each varied setting by the position of its value, then measures by their value; places are from 0 to 1.
  function axisOf(column) {
    if (column.texts) {
      const most = Math.max(1, column.texts.length - 1);
      return { column, at: (row) => (column.codes[row] ? (column.codes[row] - 1) / most : NaN), low: column.texts[0], high: column.texts.at(-1) };
    }
    const { low, high } = column.histogram, size = high - low || 1;
    return { column, at: (row) => Math.fround(column.values[row] - low) / size, low: written(column.form, low), high: written(column.form, high) };
  }
  let axesDrawn = [];

  function drawLines() {
    const shown = [...new Set([...varied, ...metrics.filter((metric) => ["volatility", "max_drawdown"].includes(metric.key)), state.metric])];
    const known = new Map(axesDrawn.map((axis) => [axis.column, axis]));
    axesDrawn = shown.map((column) => known.get(column) ?? axisOf(column));
    const width = Math.max(canvas.parentElement.clientWidth, axesDrawn.length * 92), ratio = devicePixelRatio || 1;
    canvas.width = width * ratio; canvas.height = TALL * ratio;
    canvas.style.width = `${width}px`; canvas.style.height = `${TALL}px`;
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    pen.clearRect(0, 0, width, TALL);
    axesDrawn.forEach((axis, i) => { axis.x = 52 + (i * (width - 104)) / Math.max(1, axesDrawn.length - 1); });
    const y = (place) => TALL - BELOW - place * (TALL - ABOVE - BELOW);
    const step = Math.max(1, Math.ceil(rows / MOST_LINES));
    const isDrawn = (row) => step === 1 || ((Math.imul(row, 2654435761) >>> 16) % step) === 0; // no pattern of a grid
    const last = axesDrawn.at(-1);
    const line = (row) => {
      pen.beginPath();
      let open = false;
      for (const axis of axesDrawn) {
        const place = axis.at(row);
        if (Number.isNaN(place)) { open = false; continue; }
        open ? pen.lineTo(axis.x, y(place)) : pen.moveTo(axis.x, y(place));
        open = true;
      }
      pen.stroke();
    };
    const few = Math.min(1, 6 / Math.sqrt(rows / step)), top = rowOf.get(state.metric.best[0]);
    pen.lineWidth = 1;
    for (const inside of [0, 1]) {
      pen.strokeStyle = css(inside ? "--strategy" : "--line");
      for (let row = 0; row < rows; row++) {
        if (state.kept[row] !== inside || !isDrawn(row)) continue;
        const place = last.at(row), good = state.metric.better === "lower" ? 1 - place : place;
        pen.globalAlpha = inside ? Math.max(0.03, few * good * good) : 0.25;
        line(row);
      }
    }
    pen.globalAlpha = 1;
    if (top !== undefined) { pen.strokeStyle = css("--ink"); pen.lineWidth = 2.2; line(top); }
    pen.textAlign = "center";
    pen.font = `11.5px ${getComputedStyle(document.body).fontFamily}`;
    for (const axis of axesDrawn) {
      pen.strokeStyle = css("--quiet"); pen.lineWidth = 1;
      pen.strokeRect(axis.x, y(1), 0, y(0) - y(1));
      pen.fillStyle = css("--ink");
      pen.fillText(short(axis.column.label.replace(/^.*: /, ""), 16), axis.x, 12);
      pen.fillStyle = css("--quiet");
      pen.fillText(short(axis.high, 15), axis.x, 28);
      pen.fillText(short(axis.low, 15), axis.x, TALL - 6);
      const brush = state.brushes.get(axis);
      if (brush) { pen.globalAlpha = 0.3; pen.fillStyle = css("--accent"); pen.fillRect(axis.x - 8, y(brush[1]), 16, y(brush[0]) - y(brush[1])); pen.globalAlpha = 1; }
      if (axis.column.key === "sharpe" && data.chance !== null) {
        const { low, high } = axis.column.histogram, place = (data.chance - low) / (high - low || 1);
        if (place >= 0 && place <= 1) { pen.fillStyle = css("--down"); pen.fillRect(axis.x - 10, y(place) - 1, 20, 2); }
      }
    }
    byId("lines-legend").textContent = "Each line is a run; the thick one is the best. Drag along an axis to filter the lines and the table; click an axis to release it."
      + (step > 1 ? ` About one run in ${step} is drawn.` : "")
      + (state.metric.key === "sharpe" && data.chance !== null ? ` Best by chance: ${written("ratio", data.chance)}.` : "");
  }

  let held = null;
  const placeAt = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, Math.min(1, Math.max(0, (TALL - BELOW - (event.clientY - box.top)) / (TALL - ABOVE - BELOW)))];
  };
  canvas.addEventListener("pointerdown", (event) => {
    const [x, place] = placeAt(event);
    const axis = axesDrawn.reduce((near, each) => (Math.abs(each.x - x) < Math.abs(near.x - x) ? each : near));
    if (Math.abs(axis.x - x) > 30) return;
    held = { axis, from: place };
    state.brushes.delete(axis);
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!held) return;
    const [, place] = placeAt(event);
    if (Math.abs(place - held.from) > 0.01) state.brushes.set(held.axis, [Math.min(place, held.from) - 1e-6, Math.max(place, held.from) + 1e-6]);
    drawLines();
  });
  canvas.addEventListener("pointerup", () => { if (held) { held = null; refilter(); } });
  canvas.addEventListener("pointercancel", () => { held = null; });

  /* ---- events ---- */
  function refilter() { filter(); drawLines(); }
  function drawAll() {
    byId("meaning").textContent = state.metric.meaning;
    drawMap(); drawNeighbours(); drawDistribution(); drawEffects(); drawLines();
  }
  for (const name of ["down", "across", "over"]) picks[name].addEventListener("change", drawMap);
  picks.metric.addEventListener("change", () => {
    state.metric = metrics[picks.metric.value];
    state.sorted = { column: state.metric, down: state.metric.better !== "lower" };
    for (const axis of state.brushes.keys()) if (axis.column.values && !axis.column.texts && axis.column !== state.metric) state.brushes.delete(axis);
    drawHead(); filter(); drawAll();
  });
  scroller.addEventListener("scroll", () => requestAnimationFrame(drawRows), { passive: true });
  body.addEventListener("click", (event) => {
    const line = event.target.closest("tr[data-run]");
    if (line) show(rowOf.get(Number(line.dataset.run)));
  });
  byId("search").addEventListener("input", refilter);
  byId("clear").addEventListener("click", () => { byId("search").value = ""; state.brushes.clear(); refilter(); });
  byId("close").addEventListener("click", () => byId("run").close());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  let width = innerWidth;
  addEventListener("resize", () => { if (innerWidth !== width) { width = innerWidth; drawAll(); drawRows(); } });
  for (const id of ["effects", "lines"]) byId(id).hidden = !varied.length;
  drawHead();
  filter();
  drawAll();
})();

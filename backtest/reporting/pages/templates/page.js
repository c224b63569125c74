// One state for the whole page: hidden series, range of dates, scale. Charts and tables follow it. FORMATS, the formats of
// numbers, come before this script; see reporting/format.py.
const PAGE = (() => {
  "use strict";
  const root = document.documentElement;
  const embedded = document.getElementById("page-data");
  const data = embedded ? JSON.parse(embedded.textContent) : { charts: {}, tables: {}, crises: [] };
  const state = { hidden: new Set(), from: -Infinity, to: Infinity, scale: "log" };
  const DAY = 86400000;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const css = (name) => getComputedStyle(root).getPropertyValue(name).trim();
  const colour = (token) => css(typeof token === "number" ? `--s${token}` : `--${token}`);
  const signed = (text) => (/[1-9]/.test(text) ? text.replace("-", "\u2212") : text.replace("-", ""));
  const grouped = (value, least, most) =>
    signed(value.toLocaleString("en-US", { minimumFractionDigits: least, maximumFractionDigits: most }));
  const shortest = (value) => signed(String(Number(value.toPrecision(6))));
  const FORMS = Object.fromEntries(Object.entries(FORMATS.numbers).map(([name, form]) => [name, {
    text: (v) => {
      const value = form.scale * v;
      const digits = form.digits_from_100 !== null && value >= 100 ? form.digits_from_100 : form.digits;
      const text = grouped(value, digits, digits);
      return `${form.plus && v > 0 && /[1-9]/.test(text) ? "+" : ""}${text}${form.unit}`;
    },
    axis: (v) => (form.axis_digits === null ? `${shortest(form.scale * v)}${form.unit}` : grouped(v, 0, form.axis_digits)),
  }]));
  const iso = (time) => new Date(time).toISOString().slice(0, 10);

  // Dates are the days since 1970 of the first date, then the steps from each date to the next.
  function timesOf(steps) {
    let day = 0;
    return steps.map((step) => (day += step) * DAY);
  }
  for (const chart of Object.values(data.charts))
    chart.places = chart.x.dates ? timesOf(chart.x.dates) : chart.x.values || chart.x.labels.map((_, i) => i);

  /* ---- charts ---- */
  const drawn = new Map(); // container -> ECharts instance
  const TOP = 34, BETWEEN = 14, BOTTOM = 28;

  function heightOf(chart) {
    return chart.panels.reduce((sum, panel) => sum + heightOfPanel(chart, panel) + TOP + BETWEEN, BOTTOM - BETWEEN);
  }

  // Hidden labels take no room.
  function heightOfPanel(chart, panel) {
    return chart.x.keys ? Math.round((panel.height * labelsShown(chart).length) / chart.x.labels.length) : panel.height;
  }

  // Points of a series in the range, as [x, drawn, value]; growth is rebased at the start of the range.
  function points(chart, panel, series, rows) {
    const base = panel.rebase ? series.values.slice(rows[0], rows[1]).find((v) => v > 0) || 1 : 1;
    const log = logarithmic(panel);
    const list = [];
    for (const i of chart.x.keys ? labelsShown(chart) : range(...rows)) {
      const value = series.values[i];
      const place = chart.x.keys ? list.length : chart.places[i];
      if (value === null) { list.push([place, null, null]); continue; }
      const shown = value / base;
      list.push([place, log ? (shown > 0 ? Math.log10(shown) : null) : shown, shown]);
    }
    return list;
  }

  // Positions of the labels whose key is not hidden.
  const labelsShown = (chart) => range(0, chart.x.labels.length).filter((i) => !chart.x.keys || !state.hidden.has(chart.x.keys[i]));
  const range = (first, after) => Array.from({ length: Math.max(after - first, 0) }, (_, i) => first + i);

  const logarithmic = (panel) => panel.scale === "log" && state.scale === "log";

  function rowsInRange(chart) {
    if (!chart.x.dates) return [0, chart.places.length];
    const first = chart.places.findIndex((time) => time >= state.from);
    const after = chart.places.findIndex((time) => time > state.to);
    return [first < 0 ? chart.places.length : first, after < 0 ? chart.places.length : after];
  }

  function logTicks(low, high) {
    const ticks = [];
    if (high - low < 0.3) { // less than doubled: ticks of a linear scale
      const size = 10 ** high - 10 ** low, decade = 10 ** Math.floor(Math.log10(size / 4));
      const step = decade * [1, 2, 5, 10].find((one) => size / (one * decade) <= 6);
      for (let i = Math.ceil(10 ** low / step); i * step <= 10 ** high; i++) ticks.push(Math.log10(i * step));
      return ticks;
    }
    for (const steps of [[1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8], [1, 1.5, 2, 3, 4, 5, 7], [1, 2, 3, 5], [1, 2, 5], [1, 3], [1]]) {
      ticks.length = 0;
      for (let decade = Math.floor(low); decade <= Math.ceil(high); decade++)
        for (const step of steps) {
          const place = decade + Math.log10(step);
          if (place >= low - 1e-9 && place <= high + 1e-9) ticks.push(place);
        }
      if (ticks.length <= 9) break;
    }
    return ticks;
  }

  function optionOf(chart, width) {
    const narrow = width < 560;
    const [ink, quiet, line, card] = ["--ink", "--quiet", "--line", "--card"].map(css);
    const option = {
      animation: false, textStyle: { fontFamily: getComputedStyle(document.body).fontFamily }, backgroundColor: "transparent",
      title: [], grid: [], xAxis: [], yAxis: [], series: [], axisPointer: { link: [{ xAxisIndex: "all" }] },
      tooltip: {
        trigger: "axis", confine: true, backgroundColor: card, borderColor: line, textStyle: { color: ink, fontSize: 12 },
        axisPointer: { type: "line", lineStyle: { color: quiet } }, formatter: (marks) => tooltip(chart, [].concat(marks)),
      },
    };
    const rows = rowsInRange(chart);
    const left = chart.left ? (narrow ? Math.min(chart.left, 110) : chart.left) : narrow ? 46 : 58, right = narrow ? 10 : 18;
    const stepped = chart.panels.some((panel) => panel.series.some((series) => series.step));
    const apart = chart.x.dates ? rowsApart(chart.places.slice(...rows), width - left - right, stepped ? 2.1 : 1) : null;
    let top = 0;
    chart.panels.forEach((panel, p) => {
      const last = p === chart.panels.length - 1;
      const form = FORMS[panel.unit];
      option.title.push({ text: panel.title, left: 0, top, textStyle: { color: ink, fontSize: narrow ? 12.5 : 14, fontWeight: 600, width: width - 8, overflow: "truncate" } });
      option.grid.push({ left, right, top: top + TOP, height: heightOfPanel(chart, panel) });
      const places = { gridIndex: p, axisLine: { lineStyle: { color: line } }, axisTick: { show: false }, splitLine: { show: false },
        axisLabel: { show: last || chart.horizontal === true, color: quiet, fontSize: 11, hideOverlap: true } };
      if (chart.x.dates) {
        Object.assign(places, { type: "time", min: chart.places[rows[0]], max: chart.places[rows[1] - 1] });
      } else if (chart.x.labels) {
        const labels = labelsShown(chart), { full } = chart.x;
        Object.assign(places, { type: "category", data: labels.map((i) => chart.x.labels[i]), inverse: chart.horizontal === true });
        if (full) places.axisLabel.color = (_, place) => (full[labels[place]] === chart.x.labels[labels[place]] ? ink : quiet); // headings
        Object.assign(places.axisLabel, { width: left - 12, overflow: chart.horizontal ? "truncate" : "none", interval: chart.horizontal ? 0 : "auto" });
      } else {
        const values = chart.x.values, half = panel.series[0].style === "bar" ? (values[1] - values[0]) / 2 : 0;
        Object.assign(places, { type: "value", min: values[0] - half, max: values[values.length - 1] + half });
        Object.assign(places.axisLabel, { formatter: FORMS[chart.x.unit].axis, showMinLabel: false, showMaxLabel: false });
      }
      const sizes = { type: "value", gridIndex: p, scale: panel.zero !== true, axisLine: { show: false }, axisTick: { show: false },
        splitLine: { lineStyle: { color: line } }, splitNumber: panel.height < 170 ? 3 : 5,
        axisLabel: { color: quiet, fontSize: 11, formatter: form.axis, hideOverlap: true } };
      const shown = panel.series.filter((series) => !state.hidden.has(series.key));
      const lists = shown.map((series) => (series.style === "range" ? [] : points(chart, panel, series, rows)));
      const layers = layersOf(shown, lists, apart);
      if (logarithmic(panel)) fitLog(sizes, lists);
      if (panel.top !== undefined) {
        sizes.max = panel.top;
        if (!lists.some((list) => list.some((point) => point[1] < panel.top))) sizes.min = panel.top - 0.01;
      }
      option.xAxis.push(chart.horizontal ? sizes : places);
      option.yAxis.push(chart.horizontal ? places : sizes);
      shown.forEach((series, s) => option.series.push(...seriesOf(chart, panel, p, series, layers.get(series) || [lists[s]], { quiet, ink, rows, width, place: s })));
      top += TOP + heightOfPanel(chart, panel) + BETWEEN;
    });
    return option;
  }

  function fitLog(axis, lists) {
    let low = Infinity, high = -Infinity;
    for (const list of lists) for (const point of list) if (point[1] !== null) { low = Math.min(low, point[1]); high = Math.max(high, point[1]); }
    if (low > high) return;
    const room = Math.max(0.02 * (high - low), 0.004);
    const ticks = logTicks(low - room, high + room);
    Object.assign(axis, { min: low - room, max: high + room, scale: true });
    Object.assign(axis.axisLabel, { customValues: ticks, formatter: (v) => FORMS.growth.axis(Number((10 ** v).toPrecision(5))) });
    axis.axisTick.customValues = ticks;
  }

  // Dates at least `pixels` apart, and the last date, more than two pixels after the one before. The chart library skips
  // some points that are within two pixels of each other, which would cut the corners of areas and steps.
  function rowsApart(times, width, pixels) {
    const last = times.length - 1, pixel = (times[last] - times[0]) / width, kept = [];
    const since = (time) => (time - times[kept[kept.length - 1]]) / pixel;
    times.forEach((time, i) => { if (!kept.length || since(time) >= pixels) kept.push(i); });
    while (kept.length > 1 && since(times[last]) <= 2) kept.pop();
    return new Set([...kept, last]);
  }

  // Stacked areas: each reaches from zero to the sum of its own part and of the parts nearer to zero, which are drawn over
  // it, so there is no gap between layers. Positive and negative parts are stacked separately, on the same dates.
  function layersOf(shown, lists, apart) {
    const layers = new Map(), sums = { up: [], down: [] };
    shown.forEach((series, s) => {
      if (series.style !== "stack") return;
      const list = lists[s].filter((_, i) => apart.has(i));
      const part = (side, size) => list.map(([place, drawn, value], i) => {
        sums[side][i] = (sums[side][i] || 0) + (drawn === null ? 0 : size(drawn));
        return [place, drawn === null && sums[side][i] === 0 ? null : sums[side][i], value];
      });
      const above = part("up", (drawn) => Math.max(drawn, 0)), below = part("down", (drawn) => Math.min(drawn, 0));
      layers.set(series, list.some((point) => point[1] < 0) ? [above, below] : [above]);
    });
    return layers;
  }

  function seriesOf(chart, panel, index, series, lists, look) {
    const paint = colour(series.colour);
    const common = { name: series.name, xAxisIndex: index, yAxisIndex: index, itemStyle: { color: paint }, emphasis: { disabled: true }, silent: false };
    const marks = look.place === 0 ? markers(chart, panel, look) : {};
    if (series.style === "range") return ranges(chart, series, { ...common, ...marks });
    const stack = series.style === "stack", area = stack || series.style === "area";
    const turned = lists.map((list) => (chart.horizontal ? list.map(([x, y, v]) => [y, x, v]) : list));
    if (series.style === "bar")
      return [{ ...common, ...marks, type: "bar", data: turned[0], stack: series.stack, barMaxWidth: chart.x.values ? undefined : 40, barCategoryGap: chart.x.values ? "0%" : "25%", barGap: "10%" }];
    return turned.map((list, part) => ({
      ...common, ...(part ? {} : marks), type: "line", data: list, showSymbol: series.style === "point", symbolSize: 7, step: series.step ? "end" : false,
      lineStyle: { color: paint, width: stack || series.style === "point" ? 0 : series.thin ? 1 : 1.6, type: series.dash || "solid" },
      areaStyle: area ? { color: paint, opacity: stack ? 1 : 0.25, origin: "auto" } : undefined, sampling: stack || series.step ? undefined : "minmax",
      connectNulls: false, z: (area ? 2 : 3) + 1 / (1 + look.place), // the first series is drawn over the others
    }));
  }

  // Bars from a start to an end: parts above and below zero are stacked separately, on a transparent bar.
  function ranges(chart, series, common) {
    const parts = { clear: [], above: [], below: [] };
    series.values.forEach(([start, end, value, tint], i) => {
      const low = Math.min(start, end), high = Math.max(start, end);
      const put = (list, size, style) => {
        const item = { value: chart.horizontal ? [size, i, value] : [i, size, value], itemStyle: style };
        list.push(item);
      };
      put(parts.clear, low > 0 ? low : high < 0 ? high : 0, { color: "transparent" });
      const paint = { color: colour(tint) };
      put(parts.above, high > 0 ? high - Math.max(low, 0) : 0, paint);
      put(parts.below, low < 0 ? low - Math.min(high, 0) : 0, paint);
    });
    return Object.entries(parts).map(([part, list]) => ({
      ...common, ...(part === "clear" ? {} : { markArea: undefined, markLine: undefined }), type: "bar", stack: "range", data: list, barMaxWidth: 22,
      tooltip: { show: part !== "clear" },
    }));
  }

  // Bands for crises; lines for zero, VaR, break-even and other marks.
  function markers(chart, panel, look) {
    const marks = {};
    const within = chart.x.dates ? [chart.places[look.rows[0]], chart.places[look.rows[1] - 1]] : [0, 0];
    if (panel.crises && data.crises.length) {
      const perPixel = (within[1] - within[0]) / Math.max(look.width - 80, 1);
      let taken = within[0];
      const inside = data.crises.filter((one) => one.to * DAY > within[0] && one.from * DAY < within[1]);
      marks.markArea = {
        silent: true, itemStyle: { color: look.quiet, opacity: 0.13 }, label: { color: look.quiet, fontSize: 10, position: "insideTop" },
        data: inside.map((one) => {
          const ends = [Math.max(one.from * DAY, within[0]), Math.min(one.to * DAY, within[1])];
          const middle = (ends[0] + ends[1]) / 2, half = 2.9 * one.name.length * perPixel;
          const fits = middle - half > taken && middle + half < within[1];  // a name may be wider than its crisis
          if (fits) taken = middle + half + 6 * perPixel;
          return [{ xAxis: ends[0], name: fits && panel.named ? one.name : "" }, { xAxis: ends[1] }];
        }),
      };
    }
    if (panel.span) marks.markArea = { silent: true, itemStyle: { color: colour(panel.span.colour), opacity: 0.12 },
      data: [[{ xAxis: panel.span.from }, { xAxis: panel.span.to }]] };
    const lines = (panel.marks || []).map((mark) => ({
      [mark.axis === "y" ? "yAxis" : "xAxis"]: mark.at, lineStyle: { color: colour(mark.colour), type: mark.dash || "solid", width: 1 },
      label: { show: Boolean(mark.name), formatter: look.width < 560 ? (mark.name || "").replace(", ", ",\n") : mark.name, color: look.ink, fontSize: 11, lineHeight: 13, textBorderColor: css("--card"), textBorderWidth: 2, rotate: 0, position: "end",
        align: mark.align, verticalAlign: "top", offset: [mark.align === "right" ? -5 : 5, 10] },
    }));
    if (lines.length) marks.markLine = { silent: true, symbol: "none", precision: -1, data: lines }; // the default rounds to two decimals
    return marks;
  }

  function tooltip(chart, marks) {
    const shown = marks.filter((mark) => mark.value && mark.value[2] !== null && mark.value[2] !== undefined);
    if (!shown.length) return "";
    const escape = echarts.format.encodeHTML;
    const at = shown[0].axisValue;
    const place = chart.x.dates ? iso(at) : chart.x.labels ? (chart.x.full || chart.x.labels)[labelsShown(chart)[shown[0].dataIndex]] : FORMS[chart.x.unit].text(at);
    const seen = new Set();
    const lines = shown.flatMap((mark) => {
      const panel = chart.panels[mark.axisIndex] || chart.panels[0];
      const id = `${mark.axisIndex}/${mark.seriesName}`;
      if (seen.has(id) || (mark.data.itemStyle && mark.data.itemStyle.color === "transparent")) return [];
      const heading = chart.panels.length > 1 && !seen.has(panel.title) ? `<em>${escape(panel.title)}</em>` : "";
      seen.add(id).add(panel.title);
      const text = FORMS[panel.unit].text(mark.value[2]);
      const tint = (mark.data.itemStyle && mark.data.itemStyle.color) || mark.color;
      return `${heading}<span class="tip"><i style="background:${tint}"></i>${escape(mark.seriesName)}<b>${text}</b></span>`;
    });
    return `<strong>${escape(String(place))}</strong>${lines.join("")}`;
  }

  function draw(container) {
    const chart = data.charts[container.dataset.chart];
    const width = container.clientWidth;
    if (!width) return;
    if (!drawn.has(container)) {
      drawn.set(container, echarts.init(container, null, { renderer: "canvas" }));
      listenForRange(container, chart);
    }
    const height = `${heightOf(chart)}px`;
    if (container.style.height !== height) {
      container.style.height = height;
      drawn.get(container).resize();
    }
    const rows = rowsInRange(chart);
    container.classList.toggle("nothing", rows[1] - rows[0] < 1);
    if (rows[1] - rows[0] < 1) return;
    const option = optionOf(chart, width); // a page may change it before it is drawn
    document.dispatchEvent(new CustomEvent("chart:option", { detail: { container, chart, option, width } }));
    drawn.get(container).setOption(option, { notMerge: true });
  }

  // With a mouse, a drag across a chart of dates chooses the range, and a double click shows all dates.
  function listenForRange(container, chart) {
    if (!chart.x.dates || !matchMedia("(pointer: fine)").matches) return;
    const instance = drawn.get(container);
    const area = instance.getZr();
    const mark = container.appendChild(document.createElement("div"));
    mark.className = "dragged";
    let begin = null;
    const bounds = (end) => [Math.min(begin, end), Math.max(begin, end)];
    area.on("mousedown", (event) => { begin = event.offsetX; });
    area.on("mousemove", (event) => {
      if (begin === null) return;
      const [low, high] = bounds(event.offsetX);
      Object.assign(mark.style, { display: high - low > 6 ? "block" : "none", left: `${low}px`, width: `${high - low}px` });
    });
    const end = (event) => {
      if (begin === null) return;
      const [low, high] = bounds(event.offsetX);
      begin = null;
      mark.style.display = "none";
      if (high - low > 6) chooseRange(...[low, high].map((x) => Math.round(instance.convertFromPixel({ xAxisIndex: 0 }, x) / DAY) * DAY));
    };
    area.on("mouseup", end);
    area.on("globalout", () => { begin = null; mark.style.display = "none"; });
    area.on("dblclick", () => setRange(-Infinity, Infinity));
  }

  const redraw = () => drawn.forEach((_, container) => draw(container));
  document.addEventListener("chart:redraw", redraw);

  /* ---- the reader's choices ---- */
  const [first, last] = span();

  function span() {
    const places = data.charts.growth ? data.charts.growth.places : [0];
    return [places[0], places[places.length - 1]];
  }

  function setRange(from, to) {
    state.from = Math.max(from, first) <= first ? -Infinity : from;
    state.to = to >= last ? Infinity : to;
    showDates();
    all("button[data-range]").forEach((button) => {
      const chosen = button.dataset.range === "all" ? state.from === -Infinity && state.to === Infinity
        : state.to === Infinity && state.from === yearsBack(Number(button.dataset.range));
      button.setAttribute("aria-pressed", String(chosen));
    });
    redraw();
    showGrowth();
    tell();
  }

  // Scripts of single pages follow the reader's choices.
  const tell = () => document.dispatchEvent(new CustomEvent("page:state"));

  function setScale(scale) {
    state.scale = scale;
    all("button[data-scale]").forEach((b) => b.setAttribute("aria-pressed", String(b.dataset.scale === scale)));
    redraw();
    tell();
  }

  function showDates() {
    const [from, to] = [Math.max(state.from, first), Math.min(state.to, last)].map(iso);
    const put = (selector, text) => all(selector).filter((input) => input.value !== text).forEach((input) => { input.value = text; });
    put("input[data-from]", from);
    put("input[data-to]", to);
  }

  // A range with fewer than two dates has nothing to show, and is ignored.
  function chooseRange(from, to) {
    if (data.charts.growth.places.filter((time) => time >= from && time <= to).length > 1) setRange(from, to);
  }

  // The date nearest to this many years before the last date, because months end on different days.
  function yearsBack(years) {
    const target = new Date(last);
    target.setUTCFullYear(target.getUTCFullYear() - years);
    const places = data.charts.growth.places;
    return places.reduce((best, time) => (Math.abs(time - target) < Math.abs(best - target) ? time : best), first);
  }

  // Next to each name, the growth of 1 from the start to the end of the range.
  function showGrowth() {
    const chart = data.charts.growth;
    if (!chart) return;
    const rows = rowsInRange(chart);
    for (const series of chart.panels[0].series) {
      const values = series.values.slice(rows[0], rows[1]);
      const base = values.find((v) => v > 0);
      const text = base && values.length > 1 ? `${FORMS.growth.text(values[values.length - 1] / base)}` : "";
      all("[data-growth]").filter((e) => e.dataset.growth === series.key).forEach((e) => { e.textContent = text; });
    }
  }

  function setHidden(key, hidden) {
    state.hidden[hidden ? "add" : "delete"](key);
    all("button[data-series]").filter((b) => b.dataset.series === key).forEach((b) => b.setAttribute("aria-pressed", String(!hidden)));
    all("[data-column]").filter((e) => e.dataset.column.split(" ").includes(key)) // a row of two strategies is hidden with either
      .forEach((e) => e.toggleAttribute("hidden", e.dataset.column.split(" ").some((one) => state.hidden.has(one))));
    redraw();
    tell();
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const { series, range, scale, download } = button.dataset;
    if (series !== undefined) setHidden(series, !state.hidden.has(series));
    else if (range !== undefined) range === "all" ? setRange(-Infinity, Infinity) : setRange(yearsBack(Number(range)), Infinity);
    else if (scale !== undefined) setScale(scale);
    else if (download !== undefined) save(button.dataset.file, tables.has(download) ? tables.get(download).csv() : seriesCsv(download));
  });

  all("input[data-from], input[data-to]").forEach((input) => {
    Object.assign(input, { min: iso(first), max: iso(last) });
    input.addEventListener("change", () => { // fires for each digit: an incomplete year is ignored
      const ends = ["from", "to"].map((end) => document.querySelector(`input[data-${end}]`));
      if (ends.every((end) => end.validity.valid)) chooseRange(...ends.map((end) => Date.parse(end.value)));
    });
    input.addEventListener("blur", showDates); // restores the last valid dates
  });
  const years = (last - first) / (365.25 * DAY);
  all("button[data-range]").forEach((button) => { button.hidden = Number(button.dataset.range) >= years; });

  /* ---- tables ---- */
  const FIRST = 12, BATCH = 50;
  const collator = new Intl.Collator(undefined, { numeric: true });
  const tables = new Map();

  function tableOf(table) {
    const body = table.tBodies[0];
    const listed = data.tables[table.dataset.rows];
    const headings = all("thead th", table).map((th) => th.textContent.trim());
    const rows = listed ? listed.rows.map(fromList) : [...body.rows].map(fromPage);
    let shown = rows, limit = listed ? FIRST : Infinity, needle = "";

    // A row of the JSON: text by its position in a list (another list if the page shows other names than a download has),
    // numbers with the format of their column.
    function fromList(cells) {
      const values = cells.map((cell, i) => { const kind = listed.kinds[i]; return Array.isArray(kind) ? kind[cell] : kind === "day" ? iso(cell * DAY) : cell; });
      const texts = () => values.map((value, i) => (listed.shown?.[i] ? listed.shown[i][cells[i]] : value === null ? "" : FORMS[listed.kinds[i]] ? FORMS[listed.kinds[i]].text(value) : String(value)));
      return { values, get text() { return texts().join(" ").toLowerCase(); }, make: () => {
        const row = document.createElement("tr");
        texts().forEach((text, i) => {
          const cell = row.appendChild(document.createElement(i ? "td" : "th"));
          if (!i) cell.scope = "row";
          if (i && typeof values[i] === "string") cell.className = "text";
          cell.textContent = text;
        });
        return row;
      } };
    }
    function fromPage(row) {
      const values = [...row.cells].map((cell) => {
        const key = cell.dataset.value;
        return key === undefined ? cell.textContent.trim() : key === "" ? null : isNaN(key) ? key : Number(key);
      });
      return { values, text: row.textContent.toLowerCase(), make: () => row };
    }
    function show() {
      shown = needle ? rows.filter((row) => needle.every((word) => row.text.includes(word))) : rows;
      body.replaceChildren(...shown.slice(0, limit).map((row) => row.make()));
      const count = shown.length === rows.length ? `${rows.length.toLocaleString("en-US")} in all` : `${shown.length.toLocaleString("en-US")} of ${rows.length.toLocaleString("en-US")}`;
      all("output[data-count]").filter((e) => e.dataset.count === table.id).forEach((e) => { e.textContent = count; });
      more.hidden = shown.length <= limit;
    }
    function sort(column, descending) {
      const missing = (value) => value === null || value === "" || value === FORMATS.missing;
      rows.sort((a, b) => {
        const [x, y] = [a.values[column], b.values[column]];
        if (missing(x) || missing(y)) return missing(x) - missing(y);
        const order = typeof x === "number" && typeof y === "number" ? x - y : collator.compare(x, y);
        return descending ? -order : order;
      });
      all("thead th", table).forEach((th, i) => th.setAttribute("aria-sort", i === column ? (descending ? "descending" : "ascending") : "none"));
      show();
    }
    all("thead th", table).forEach((th, column) => {
      if (th.dataset.fixed !== undefined) return;
      const button = document.createElement("button");
      button.type = "button";
      button.append(...th.childNodes);
      th.append(button);
      th.setAttribute("aria-sort", "none");
      button.addEventListener("click", () => {
        const now = th.getAttribute("aria-sort");
        sort(column, now === "none" ? rows.some((row) => typeof row.values[column] === "number") : now === "ascending");
      });
    });
    const more = document.createElement("button");
    Object.assign(more, { type: "button", className: "more script-only", textContent: `Show ${BATCH} more` });
    more.addEventListener("click", () => { limit += BATCH; show(); });
    table.parentElement.after(more);
    show();
    return {
      filter(text) { needle = text.trim() ? text.toLowerCase().trim().split(/\s+/) : ""; limit = listed ? FIRST : Infinity; show(); },
      csv: () => [listed ? listed.names : headings, ...shown.map((row) => row.values)],
    };
  }

  all("table[data-sortable]").forEach((table) => tables.set(table.id, tableOf(table)));
  all("input[data-filter]").forEach((input) => input.addEventListener("input", () => tables.get(input.dataset.filter).filter(input.value)));

  /* ---- downloads: all rows of a chart of dates or of a table ---- */
  function seriesCsv(name) {
    const chart = data.charts[name];
    const columns = chart.panels[0].series;
    return [["date", ...columns.map((series) => series.column || series.name)],
      ...chart.places.map((time, i) => [iso(time), ...columns.map((series) => series.values[i])])];
  }

  function save(name, rows) {
    const formula = new RegExp(FORMATS.formula); // text that a spreadsheet would evaluate gets an apostrophe, as in the files of a report
    const quoted = (value) => { const text = value === null ? "" : String(value).replace(formula, "'$&"); return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text; };
    const address = URL.createObjectURL(new Blob([rows.map((row) => `${row.map(quoted).join(",")}\n`).join("")], { type: "text/csv" }));
    const link = Object.assign(document.createElement("a"), { href: address, download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  }

  /* ---- Esc shows all dates again; copied numbers have an ASCII minus, which spreadsheets read ---- */
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && data.charts.growth && event.target.tagName !== "INPUT") setRange(-Infinity, Infinity);
  });
  document.addEventListener("copy", (event) => {
    const text = String(getSelection());
    if (!text.includes("\u2212")) return;
    event.clipboardData.setData("text/plain", text.replaceAll("\u2212", "-"));
    event.preventDefault();
  });

  /* ---- folded sections: a link to a section, or to a part of it, opens it ---- */
  const unfold = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let one = target.closest("details"); one; one = one.parentElement.closest("details")) one.open = true;
    target.querySelector(":scope > details:has(> summary h2)")?.setAttribute("open", "");
  };
  addEventListener("hashchange", unfold);
  unfold();

  /* ---- start: charts are drawn when they come near, and again when width or colours change ---- */
  const near = new IntersectionObserver((entries) => {
    entries.filter((one) => one.isIntersecting).forEach((one) => begin(one.target));
  }, { rootMargin: "300px" });
  function begin(container) {
    near.unobserve(container);
    draw(container);
    new ResizeObserver(() => { drawn.get(container)?.resize(); draw(container); }).observe(container);
  }
  all("[data-chart]").forEach((container) => {
    container.style.height = `${heightOf(data.charts[container.dataset.chart])}px`;
    near.observe(container);
  });
  // The others follow one at a time while the page has nothing else to do, for prints and pictures of the whole page.
  const later = window.requestIdleCallback || ((act) => setTimeout(act, 50));
  const drawNext = () => {
    const next = all("[data-chart]").find((container) => container.clientWidth && !drawn.has(container));
    if (next) { begin(next); later(drawNext); }
  };
  addEventListener("load", () => later(drawNext));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  const bar = document.querySelector(".toolbar"); // stays on top: elements that are scrolled to or focused appear below it
  if (bar) new ResizeObserver(() => { root.style.scrollPaddingTop = `${bar.offsetHeight + 12}px`; }).observe(bar);
  if (data.charts.growth) setRange(-Infinity, Infinity);

  // For scripts of single pages that follow.
  const drawChart = (name) => { drawn.forEach((_, container) => { if (container.dataset.chart === name) draw(container); }); showGrowth(); };
  return { data, forms: FORMS, iso, drawChart, state, yearsBack, setRange, setHidden, setScale };
})();

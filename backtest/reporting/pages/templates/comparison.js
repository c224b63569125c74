// Comparison: one strategy is emphasised on the whole page; sort, emphasis, hidden names and range are in the address.
(() => {
  "use strict";
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const GREY = "#7d8691";
  const select = document.querySelector("[data-emphasis]");
  const best = select.value;
  let chosen = best, shown = best;

  // Lines: the emphasised one in the accent colour, each with its name at its end.
  document.addEventListener("chart:option", ({ detail: { container, chart, option, width } }) => {
    const growth = container.dataset.chart === "growth";
    const named = new Map(chart.panels.flatMap((panel) => panel.series.map((series) => [series.name, series.key])));
    const wide = width >= 700;
    const room = wide ? Math.min(170, 24 + 6.6 * Math.max(...[...named.keys()].map((one) => one.length + (growth ? 6 : 0)))) : 0;
    option.grid.forEach((grid) => { grid.right += room; });
    option.series.forEach((line) => {
      const on = named.get(line.name) === shown;
      const paint = on ? css("--accent") : GREY;
      Object.assign(line, { z: on ? 5 : 3, itemStyle: { color: paint }, lineStyle: { ...line.lineStyle, color: paint, width: on ? 2.4 : 1.2, type: wide || on ? "solid" : line.lineStyle.type } });
      if (!wide || (growth && line.xAxisIndex > 0)) return;
      line.endLabel = { show: true, color: on ? css("--accent") : css("--quiet"), fontSize: 11, fontWeight: on ? 600 : 400, distance: 8,
        width: room - 8, overflow: "truncate",
        formatter: ({ seriesName, value }) => (growth && value[2] !== null ? `${seriesName} \u00d7${value[2].toFixed(2)}` : seriesName) };
    });
    if (wide) queueMicrotask(() => spread(echarts.getInstanceByDom(container), option)); // once it is drawn
  });

  // Labels at the ends of lines are moved apart, as little as needed from the top down.
  function spread(instance, option) {
    const labels = option.series.map((line, i) => {
      const end = line.endLabel && line.data.filter((point) => point[1] !== null).at(-1);
      return end && { i, panel: line.xAxisIndex, y: instance.convertToPixel({ yAxisIndex: line.yAxisIndex }, end[1]) };
    }).filter(Boolean).sort((a, b) => a.panel - b.panel || a.y - b.y);
    const series = option.series.map(() => ({}));
    labels.forEach((label, n) => {
      const above = labels[n - 1];
      label.at = above && above.panel === label.panel ? Math.max(label.y, above.at + 14) : label.y;
      series[label.i] = { endLabel: { offset: [0, label.at - label.y] } };
    });
    if (labels.length) instance.setOption({ series });
  }

  function emphasise(key) {
    shown = key;
    all(".point, tr[data-column], .bars, .chip").forEach((e) => e.classList.toggle("on", (e.dataset.key || e.dataset.column || e.dataset.series) === key));
    document.dispatchEvent(new Event("chart:redraw"));
  }
  function choose(key) { chosen = key; select.value = key; emphasise(key); remember(); }

  select.addEventListener("change", () => choose(select.value));
  all(".point").forEach((point) => point.addEventListener("click", () => choose(point.dataset.key)));
  all("#ranking tr[data-key]").forEach((row) => row.addEventListener("click", (event) => { if (!event.target.closest("a")) choose(row.dataset.key); }));
  all("[data-key]").forEach((one) => {
    one.addEventListener("mouseenter", () => emphasise(one.dataset.key));
    one.addEventListener("mouseleave", () => emphasise(chosen));
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    choose(best);
    document.querySelector("button[data-range=all]").click();
  });

  function press(button, kind) {
    all(`button[data-${kind}]`).forEach((one) => one.setAttribute("aria-pressed", String(one === button)));
  }
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.dataset.risk) {
      press(button, "risk");
      all(".bars").forEach((block) => {
        const bars = all(".bar", block).filter((bar) => bar.dataset.of !== "capital");
        if (bars.length > 1) bars.forEach((bar) => { bar.hidden = bar.dataset.of !== button.dataset.risk; });
      });
    } else if (button?.dataset.window) {
      press(button, "window");
      all("[data-years]").forEach((one) => { one.hidden = one.dataset.years !== button.dataset.window; });
    }
  });

  /* ---- state in the address ---- */
  let ready = false;
  const headings = () => all("#ranking thead th");
  function remember() {
    if (!ready) return;
    const put = new URLSearchParams();
    const at = headings().findIndex((th) => ["ascending", "descending"].includes(th.getAttribute("aria-sort")));
    if (at >= 0) put.set("sort", `${at}${headings()[at].getAttribute("aria-sort") === "ascending" ? "up" : "down"}`);
    if (chosen !== best) put.set("on", chosen);
    const hidden = all("button[data-series][aria-pressed=false]").map((one) => one.dataset.series);
    if (hidden.length) put.set("hide", hidden.join(","));
    const range = document.querySelector("button[data-range][aria-pressed=true]")?.dataset.range;
    if (range && range !== "all") put.set("range", range);
    else if (!range) ["from", "to"].forEach((end) => put.set(end, document.querySelector(`input[data-${end}]`).value));
    const text = put.toString();
    try { history.replaceState(null, "", `${location.pathname}${text ? `?${text}` : ""}${location.hash}`); } catch { /* a page in a frame */ }
  }
  document.addEventListener("DOMContentLoaded", () => {
    const given = new URLSearchParams(location.search);
    const [, at, way] = /^(\d+)(up|down)$/.exec(given.get("sort") || "") || [];
    const heading = at === undefined ? headings().find((th) => th.textContent.startsWith("Sharpe")) : headings()[Number(at)];
    const wanted = way === "up" ? "ascending" : "descending";
    const button = heading?.querySelector("button");
    for (let i = 0; button && i < 2 && heading.getAttribute("aria-sort") !== wanted; i++) button.click();
    (given.get("hide") || "").split(",").forEach((key) => all("button[data-series]").find((one) => one.dataset.series === key)?.click());
    all("button[data-range]").find((one) => one.dataset.range === given.get("range") && !one.hidden)?.click();
    const ends = ["from", "to"].map((end) => document.querySelector(`input[data-${end}]`));
    if (given.get("from") && given.get("to")) {
      ends.forEach((input, i) => { input.value = given.get(i ? "to" : "from"); });
      ends[0].dispatchEvent(new Event("change"));
    }
    const on = [...select.options].some((one) => one.value === given.get("on")) ? given.get("on") : best;
    choose(on);
    ready = true;
    for (const kind of ["click", "change", "mouseup", "dblclick"]) document.addEventListener(kind, remember); // after the page's own listeners
  });
})();

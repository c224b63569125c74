// Behaviour of a tearsheet alone: numbers of the range, state in the address, contents of a narrow window, views of a chart.
// PAGE is what the script of the page shares.
(() => {
  "use strict";
  const { data, forms, iso, state, yearsBack, setRange, setHidden, setScale } = PAGE;
  const { places, panels: [growth] } = data.charts.growth;
  const all = (selector) => [...document.querySelectorAll(selector)];
  const sides = growth.series.filter((series) => ["strategy", "benchmark"].includes(series.key))
    .map(({ key, name, values }) => ({ key, name, values })); // sliders replace the values of the chart

  /* ---- numbers of the range, by the definitions of the summary ---- */
  const YEAR = 365.25 * 86400000, WHOLE = 362 * 86400000; // a year may begin and end on other weekdays
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  function deviation(values) {
    const centre = mean(values);
    return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1));
  }

  function numbersOf(values, first, last) {
    const nav = values.slice(first, last + 1).filter((value) => value !== null);
    const returns = nav.slice(1).map((value, i) => value / nav[i] - 1), excess = returns.map((value, i) => value - data.cash[first + 1 + i]);
    const [total, span] = [nav[nav.length - 1] / nav[0], places[last] - places[first]];
    const risk = Math.sqrt(data.periods_per_year), apart = deviation(excess);
    let peak = nav[0], fall = 0;
    for (const value of nav) { peak = Math.max(peak, value); fall = Math.min(fall, value / peak - 1); }
    return {
      return: span >= WHOLE ? `${percent(total ** (YEAR / span) - 1)} a year` : `${percent(total - 1)} in all`,
      volatility: percent(risk * deviation(returns)),
      sharpe: text("ratio", apart > 1e-12 ? (risk * mean(excess)) / apart : NaN),
      fall: percent(fall),
    };
  }

  const text = (form, value) => (isFinite(value) ? forms[form].text(value) : FORMATS.missing);
  const percent = (value) => text("percent", value);

  function showNumbers() {
    const inside = places.map((_, i) => i).filter((i) => places[i] >= state.from && places[i] <= state.to);
    const [first, last] = [inside[0], inside[inside.length - 1]];
    const shown = sides.filter((side) => !state.hidden.has(side.key)).map(({ key, name, values }) => {
      const line = document.createElement("span"), label = document.createElement("b"), numbers = numbersOf(values, first, last);
      label.textContent = name;
      line.dataset.side = key;
      line.append(label, ` ${numbers.return}, volatility ${numbers.volatility}, Sharpe ratio ${numbers.sharpe}, worst fall ${numbers.fall}`);
      return line;
    });
    all("[data-range-numbers]").forEach((output) => output.replaceChildren(...shown));
    all("[data-shown-dates]").forEach((one) => { one.textContent = `${iso(places[first]).slice(0, 7)} to ${iso(places[last]).slice(0, 7)}`; });
  }

  /* ---- state in the address: range, scale and hidden series, next to what else is there ---- */
  const parameters = () => new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");
  const chosen = () => document.querySelector("button[data-range][aria-pressed=true]")?.dataset.range;
  const dated = () => ["from", "to"].map((end) => document.querySelector(`input[data-${end}]`).value).join("..");
  const settings = () => ({
    range: { all: "" }[chosen()] ?? chosen() ?? dated(), scale: state.scale === "log" ? "" : state.scale, hidden: [...state.hidden].join("|"),
  });
  let restoring = false;

  function keep() {
    const address = parameters(), before = String(address);
    for (const [name, value] of Object.entries(settings())) value ? address.set(name, value) : address.delete(name);
    if (String(address) !== before) history.pushState(null, "", String(address) ? `#${address}` : location.pathname + location.search);
  }

  function restore() {
    restoring = true;
    const address = parameters(), now = settings(), [range, scale, hidden] = ["range", "scale", "hidden"].map((name) => address.get(name) || "");
    const known = new Set(all("button[data-series]").map((button) => button.dataset.series));
    const wanted = new Set(hidden.split("|").filter((key) => known.has(key)));
    known.forEach((key) => { if (state.hidden.has(key) !== wanted.has(key)) setHidden(key, wanted.has(key)); });
    if (scale !== now.scale) setScale(scale === "linear" ? scale : "log");
    if (range !== now.range) {
      const ends = range.split("..").map(Date.parse);
      const inside = places.filter((time) => time >= ends[0] && time <= ends[1]).length;
      if (/^\d{1,2}$/.test(range) && yearsBack(Number(range)) > places[0]) setRange(yearsBack(Number(range)), Infinity);
      else inside > 1 ? setRange(...ends) : setRange(-Infinity, Infinity);
    }
    restoring = false;
    showNumbers();
  }

  document.addEventListener("page:state", () => { showNumbers(); if (!restoring) keep(); });
  addEventListener("popstate", () => { if (location.hash.includes("=") || !location.hash) restore(); });
  restore();

  /* ---- contents: a rail in a wide window, a sheet below the bar in a narrow one ---- */
  const sheet = document.querySelector("nav .sheet"), wide = matchMedia("(min-width: 1100px)");
  const fold = () => { sheet.open = wide.matches; };
  wide.addEventListener("change", fold);
  fold();
  sheet.addEventListener("click", (event) => { if (event.target.closest("a")) fold(); });
  addEventListener("keydown", (event) => { if (event.key === "Escape") fold(); });
  const links = new Map(all("nav a").map((link) => [link.hash.slice(1), link]));
  const near = new IntersectionObserver((entries) => entries.filter((one) => one.isIntersecting).forEach((one) => {
    links.forEach((link) => link.removeAttribute("aria-current"));
    links.get(one.target.id).setAttribute("aria-current", "true");
  }), { rootMargin: "-20% 0px -70%" });
  links.forEach((_, id) => { const section = document.getElementById(id); if (section) near.observe(section); });

  /* ---- views of one chart ---- */
  const views = all("[data-view]");
  const show = (name) => views.forEach((button) => {
    button.setAttribute("aria-pressed", String(button.dataset.view === name));
    document.getElementById(button.dataset.view).hidden = button.dataset.view !== name;
  });
  views.forEach((button) => button.addEventListener("click", () => show(button.dataset.view)));
  if (views.length) show(views[0].dataset.view);
})();

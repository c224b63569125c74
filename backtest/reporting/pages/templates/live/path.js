// Path of a run, computed from prices, rates, decisions and terms: NAV, loan, exposure and all flows by date. Pure functions
// of what `decode` returns, with the definitions and the order of events of docs/conventions/accounting.md.
const PATH = (() => {
  "use strict";
  const ROUNDING = 1e-12, NO_RISK = 1e-12, INTEREST_YEAR = 360, FEE_YEAR = 365, YEAR = 365.25;
  const AGREE = 1e-9; // largest difference of two NAVs over NAV
  const FLOWS = ["gains", "interest", "financing", "trading", "borrow", "fees"];

  // Numbers are the bytes of 64-bit floats, the lowest first, in base 64.
  const floats = (text) => new Float64Array(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);

  // From the embedded text to arrays: P dates, n assets, d decisions. `days` are calendar days in each period.
  function decode(embedded) {
    const prices = floats(embedded.prices), cash = floats(embedded.cash), rows = cash.length;
    const days = Float64Array.from(embedded.dates), due = new Uint8Array(rows);
    for (const row of embedded.performance_due) due[row] = 1;
    return {
      rows, count: prices.length / rows, prices, cash, days, due,
      loan: embedded.loan === null ? cash : floats(embedded.loan), nav: floats(embedded.nav),
      trades: embedded.trades, targets: floats(embedded.targets), terms: embedded.terms,
      sizing: embedded.sizing && { ...embedded.sizing, reach: floats(embedded.sizing.reach) },
      years: (days.reduce((sum, step) => sum + step, 0) - days[0]) / YEAR, perYear: embedded.periods_per_year, wholeYear: embedded.whole_year,
    };
  }

  // Terms at a spread and trading cost that differ from the configured ones by these amounts, decimals.
  function shifted(run, spread, cost) {
    const { terms } = run, more = (rates, by) => rates.map((rate) => rate + by);
    return { ...terms, trading: more(terms.trading, cost), spread: terms.spread + spread, basis: terms.futures ? more(terms.basis, spread) : terms.basis };
  }

  // Targets at another value of the setting that sizes them: w × min(factor × reach, cap / Σ|w|).
  function resized(run, factor) {
    if (factor === 1 || !run.sizing) return run.targets;
    const { count, targets, sizing: { reach, cap } } = run, result = new Float64Array(targets.length);
    for (let k = 0; k < reach.length; k++) {
      let gross = 0;
      for (let i = 0; i < count; i++) gross += Math.abs(targets[k * count + i]);
      const multiple = cap === null || gross === 0 ? factor * reach[k] : Math.min(factor * reach[k], cap / gross);
      for (let i = 0; i < count; i++) result[k * count + i] = targets[k * count + i] * multiple;
    }
    return result;
  }

  // The path by date. `ended` is the number of dates, fewer than the data's after a ruin. `refused` is the date of a trade
  // that would cost all of NAV, or -1; the path stops before it. `calls` is the number of margin calls.
  function pathOf(run, terms = run.terms, targets = run.targets) {
    const { count, rows, prices, trades } = run;
    const path = { ended: rows, refused: -1, calls: 0 };
    for (const name of ["nav", "loan", "gross", ...FLOWS]) path[name] = new Float64Array(rows);
    const state = { cash: 1, nav: 1, high: 1, units: new Float64Array(count) };
    for (let at = 0, next = 0; at < rows; at++) {
      if (at > 0) pass(run, terms, state, path, at);
      if (state.nav <= 0) { state.nav = 0; path.ended = at + 1; break; }
      path.nav[at] = state.nav;
      let paid = 0;
      if (trades[next] === at) {
        paid = rebalance(run, terms, state, at, targets.subarray(next * count, (next + 1) * count));
        next++;
      } else if (terms.maintenance && at < rows - 1) {
        paid = answerCall(run, terms, state, at, path);
      }
      if (paid === null) { path.refused = path.ended = at; break; }
      path.trading[Math.max(at, 1)] += paid;
      if (at > 0) path.nav[at] = state.nav;
      if (state.nav <= 0) { path.nav[at] = 0; path.ended = at + 1; break; }
      for (let i = 0; i < count; i++) path.gross[at] += Math.abs(state.units[i] * prices[at * count + i]);
      path.gross[at] /= state.nav;
    }
    return path;
  }

  // One period: interest, borrow fees and rolling costs on the opening balances, then fees, then prices move, and the
  // performance fee is last.
  function pass(run, terms, state, path, at) {
    const { count, prices, cash: rates, loan: loans, days, due } = run, { units } = state;
    const before = (at - 1) * count, year = days[at] / INTEREST_YEAR;
    let longs = 0, shorts = 0, charged = 0, rolled = 0, expenses = 0, gains = 0, value = 0;
    for (let i = 0; i < count; i++) {
      const opening = units[i] * prices[before + i], closing = units[i] * prices[before + count + i];
      if (opening > 0) longs += opening; else shorts -= opening;
      charged += terms.futures ? opening * terms.basis[i] : Math.max(-opening, 0) * terms.borrow[i];
      rolled += Math.abs(opening) * terms.roll[i];
      expenses += opening * terms.expenses[i];
      gains += units[i] * (prices[before + count + i] - prices[before + i]);
      value += closing;
    }
    const nav = state.cash + longs - shorts, rate = rates[at];
    const loan = terms.futures ? longs - shorts : Math.max(longs - nav, 0), free = terms.futures ? nav : Math.max(nav - longs, 0);
    path.gains[at] = gains;
    path.loan[at] = Math.max(loan, 0);
    path.interest[at] = free * (rate - terms.cash_spread * year) + (terms.futures ? 0 : shorts * (rate - terms.rebate_spread * year));
    path.financing[at] = terms.futures ? loan * rate + charged * year : loan * (loans[at] + terms.spread * year);
    path.borrow[at] = terms.futures ? 0 : charged * year;
    path.trading[at] += rolled * year;
    path.fees[at] = (expenses + nav * terms.management) * days[at] / FEE_YEAR;
    state.cash += path.interest[at] - path.financing[at] - path.borrow[at] - rolled * year - path.fees[at];
    if (due[at]) {
      const fee = terms.performance * Math.max(state.cash + value - state.high, 0);
      state.cash -= fee;
      path.fees[at] += fee;
      state.high = Math.max(state.high, state.cash + value);
    }
    state.nav = state.cash + value;
  }

  // A trade to target weights of the NAV that is left after its cost; returns the cost, or null for a trade that is refused.
  function rebalance(run, terms, state, at, decided) {
    const { count, prices } = run, { units, nav } = state, from = at * count, rates = terms.trading;
    let required = 0;
    if (terms.initial) for (let i = 0; i < count; i++) required += terms.initial[i] * Math.abs(decided[i]);
    const scale = required > 1 + ROUNDING ? 1 / required : 1;
    const held = new Float64Array(count), target = new Float64Array(count), traded = [];
    let all = 0, sell = 0, leave = 0;
    for (let i = 0; i < count; i++) {
      held[i] = units[i] * prices[from + i] / nav;
      target[i] = decided[i] * scale;
      sell += rates[i] * Math.abs(held[i]);
      if (Math.abs(target[i] - held[i]) < ROUNDING) continue;
      traded.push(i);
      all += rates[i] * Math.abs(target[i]);
      leave += rates[i] * Math.abs(held[i]);
    }
    const possible = all < 1 && leave < 1;
    if (!possible && sell < 1) return null;
    if (!traded.length) return 0;
    const cost = possible ? costOf(traded, target, held, rates) : sell;
    if (possible) for (const i of traded) units[i] = target[i] * nav * (1 - cost) / prices[from + i];
    else units.fill(0);
    return settle(run, state, at, cost);
  }

  // If NAV is below the maintenance requirement, the same fraction of every holding is sold, so that NAV after the cost is the
  // requirement of what is left; returns the cost.
  function answerCall(run, terms, state, at, path) {
    const { count, prices } = run, { units, nav } = state;
    let required = 0, restored = 0, sell = 0;
    for (let i = 0; i < count; i++) {
      const held = Math.abs(units[i] * prices[at * count + i] / nav);
      required += terms.maintenance[i] * held;
      restored += terms.restored[i] * held;
      sell += terms.trading[i] * held;
    }
    if (!(required > 1 + ROUNDING)) return 0;
    const part = sell < 1 ? Math.max((1 - sell) / (restored - sell), 0) : 0; // 1 - sell (1 - part) = restored × part
    for (let i = 0; i < count; i++) units[i] *= part;
    path.calls++;
    return settle(run, state, at, sell * (1 - part));
  }

  // Pays a cost, a fraction of NAV, after a trade; returns it in currency.
  function settle(run, state, at, cost) {
    const { count, prices } = run, { units, nav } = state;
    let value = 0;
    for (let i = 0; i < count; i++) value += units[i] * prices[at * count + i];
    state.nav = nav * (1 - cost);
    state.cash = state.nav - value;
    return cost * nav;
  }

  // The cost x solves x = Σ k |w_target (1 - x) - w_held|, by Newton's method from 0; the sum is convex and piecewise linear.
  function costOf(traded, target, held, rates) {
    let cost = 0;
    for (let tries = 0; tries < 2 * target.length + 60; tries++) {
      let paid = 0, slope = 1;
      for (const i of traded) {
        const trade = target[i] * (1 - cost) - held[i];
        paid += rates[i] * Math.abs(trade);
        slope += Math.sign(trade) * rates[i] * target[i];
      }
      const step = (paid - cost) / slope;
      cost += step;
      if (Math.abs(step) <= 1e-17 + 2e-16 * cost) break;
    }
    return cost;
  }

  function drawdownOf(nav) {
    let peak = 0;
    return nav.map((value) => { peak = Math.max(peak, value); return value / peak - 1; });
  }

  // The numbers that open the page, as in summary.json; null where they are not defined.
  function numbersOf(run, nav) {
    const count = nav.length - 1, last = nav[count];
    let mean = 0, excess = 0, squares = 0, excessSquares = 0;
    const returns = new Float64Array(count);
    for (let t = 0; t < count; t++) {
      returns[t] = nav[t + 1] / nav[t] - 1;
      mean += returns[t] / count;
      excess += (returns[t] - run.cash[t + 1]) / count;
    }
    for (let t = 0; t < count; t++) {
      squares += (returns[t] - mean) ** 2;
      excessSquares += (returns[t] - run.cash[t + 1] - excess) ** 2;
    }
    const [deviation, excessDeviation] = [squares, excessSquares].map((sum) => (count > 1 ? Math.sqrt(sum / (count - 1)) : null));
    return {
      cagr: run.wholeYear ? last ** (1 / run.years) - 1 : null, total_return: last - 1,
      volatility: deviation === null ? null : deviation > NO_RISK ? Math.sqrt(run.perYear) * deviation : 0,
      sharpe: excessDeviation > NO_RISK ? Math.sqrt(run.perYear) * excess / excessDeviation : null,
      max_drawdown: drawdownOf(nav).reduce((least, fall) => Math.min(least, fall), 0),
    };
  }

  // The embedded NAV against the path of the embedded inputs, and its changes against the sum of the flows: on how many
  // dates they differ, and the largest difference, over NAV, with its row.
  function check(run) {
    const path = pathOf(run), nav = { wrong: 0, largest: 0, at: 0 }, identity = { wrong: 0, largest: 0, at: 0 };
    const note = (result, difference, at) => {
      if (!(difference <= AGREE)) result.wrong++;
      if (!(difference <= result.largest)) Object.assign(result, { largest: difference, at });
    };
    for (let at = 0; at < run.rows; at++) {
      note(nav, Math.abs(run.nav[at] - path.nav[at]) / Math.abs(path.nav[at]), at);
      if (at === 0) continue;
      const [gains, interest, ...costs] = FLOWS.map((name) => path[name][at]);
      const explained = gains + interest - costs.reduce((sum, cost) => sum + cost, 0);
      note(identity, Math.abs(run.nav[at] - run.nav[at - 1] - explained) / Math.abs(run.nav[at - 1]), at);
    }
    return { rows: run.rows, path, nav, identity };
  }

  return { AGREE, decode, shifted, resized, pathOf, drawdownOf, numbersOf, check };
})();

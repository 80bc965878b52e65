"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  // Names come from files: they are only ever text, never markup.
  const element = (tag, text, className) => {
    const made = document.createElement(tag);
    if (text !== undefined && text !== null) made.textContent = text;
    if (className) made.className = className;
    return made;
  };
  const number = (x, digits = 2) => (x === null || x === undefined ? "–" : x.toFixed(digits));
  const integer = (x) => x.toLocaleString("en-US");
  const share = (x) => (x === 0 ? "0" : x >= 0.001 ? (100 * x).toPrecision(3) + " %" : x.toExponential(1));
  const size = (bytes) => {
    const units = ["B", "kB", "MB", "GB", "TB", "PB"];
    let unit = 0;
    let value = bytes;
    while (value >= 999.5 && unit < units.length - 1) {
      value /= 1000;
      unit++;
    }
    return (unit === 0 ? value : value.toPrecision(3)) + " " + units[unit];
  };

  const table = (head, rows, textColumns = 1) => {
    const made = element("table");
    const top = made.appendChild(element("thead")).appendChild(element("tr"));
    head.forEach((title, i) => {
      const cell = top.appendChild(element("th", title, i < textColumns ? "text" : ""));
      cell.scope = "col";
    });
    const body = made.appendChild(element("tbody"));
    rows.forEach((cells) => {
      const row = body.appendChild(element("tr"));
      cells.forEach((cell, i) => row.appendChild(element("td", cell, i < textColumns ? "text" : "")));
    });
    return made;
  };
  const put = (id, node) => byId(id).replaceChildren(node);

  // A chart is drawn again when its width or the colour scheme changes.
  const charts = new Map();
  const draw = (id, label, make) => {
    charts.set(id, { label, make });
    redraw(id);
  };
  const redraw = (id) => {
    const { label, make } = charts.get(id);
    const place = byId(id);
    const { options, values } = make();
    const axis = { stroke: colour("--soft"), grid: { stroke: colour("--grid"), width: 1 },
      ticks: { stroke: colour("--line"), width: 1 }, font: "12px system-ui, sans-serif",
      labelFont: "12px system-ui, sans-serif", labelSize: 20 };
    options.axes = options.axes.map((own) => ({ ...axis, ...own }));
    options.width = Math.max(240, place.clientWidth);
    options.height = Math.max(240, Math.min(380, Math.round(place.clientWidth * 0.62)));
    place.replaceChildren();
    place.setAttribute("role", "img");
    place.setAttribute("aria-label", label());
    new uPlot(options, values, place);
  };
  const line = (label, name, extra = {}) => ({ label, stroke: colour(name), width: 2,
    points: { show: true, size: 5, fill: colour(name), stroke: colour(name) }, ...extra });
  const dashed = { dash: [6, 4] };

  const showFacts = () => {
    const facts = [
      ["Fine-tunes", integer(data.members)],
      ["Held out", integer(data.held_out.length)],
      ["Left out", integer(data.left_out.length)],
      ["Differences from", data.base === null || data.base === undefined ? "the mean" : data.base],
      ["Slots", integer(data.slots.length)],
      ["Weights each", integer(data.weights)],
    ];
    if (data.rates.length) {
      facts.push(["Basis pays from", data.break_even_members ? "N = " + integer(data.break_even_members) : "never"]);
      if (data.coding_gain) facts.push(["Turning gains", number(data.coding_gain.held_out) + " bit a weight"]);
    }
    facts.forEach(([term, value]) => {
      const pair = byId("facts").appendChild(element("div"));
      pair.appendChild(element("dt", term));
      pair.appendChild(element("dd", value));
    });
  };

  const showErrors = () => {
    const at = data.heldout_error;
    if (!at.length) return hide("h-error");
    draw("error", () => "Error on fine-tunes held out: " + at.map((e) => number(e.error) + " with " + e.k).join(", "),
      () => ({
        options: {
          scales: { x: { time: false }, y: { range: [0, 1.05] } },
          series: [{ label: "directions" }, line("held out", "--c1"), line("in sample", "--c4", dashed),
            line("random", "--c3", { dash: [2, 3] }), line("shuffled", "--c2", { dash: [2, 3] })],
          axes: [{ label: "directions" }, { label: "relative error" }],
        },
        values: [at.map((e) => e.k), at.map((e) => e.error), at.map((e) => e.in_sample_error),
          at.map((e) => e.null_error), at.map((e) => e.shuffled_error ?? null)],
      }));
    put("error-table", table(["directions", "held out", "in sample", "random", "shuffled"],
      at.map((e) => [e.k, number(e.error, 3), number(e.in_sample_error, 3), number(e.null_error, 3),
        number(e.shuffled_error, 3)])));
  };

  // The forms lose differently at one step, so that bytes are only comparable at the same error.
  const showRates = () => {
    const at = data.rates;
    if (!at.length) return hide("h-rates");
    const forms = [
      ["direct", "now", "--c2", {}], ["shared", "now", "--c1", {}],
      ["direct", "tenfold", "--c3", dashed], ["shared", "tenfold", "--c4", dashed],
    ];
    draw("rates", () => "Bytes over error: " + at.map((r) => "step " + r.step + " direct " + size(r.now.direct)
      + " at error " + number(r.direct.error) + ", shared " + size(r.now.shared) + " at " + number(r.shared.error))
      .join("; "), () => {
      const xs = [...new Set(at.flatMap((r) => [r.direct.error, r.shared.error]))].sort((a, b) => a - b);
      const values = forms.map(([form, when]) => {
        const points = new Map(at.map((r) => [r[form].error, r[when][form]]));
        return xs.map((x) => points.get(x) ?? undefined);
      });
      return {
        options: {
          scales: { x: { time: false }, y: { distr: 3 } },
          series: [{ label: "error", value: (u, v) => number(v) }, ...forms.map(([form, when, name, extra]) =>
            line(form + ", N = " + integer(at[0][when].members), name,
              { ...extra, spanGaps: true, value: (u, v) => (v === null || v === undefined ? "–" : size(v)) }))],
          axes: [{ label: "relative error on fine-tunes held out" },
            { size: 64, values: (u, ticks) => ticks.map((v) => (v === null ? "" : size(v))) }],
        },
        values: [xs, ...values],
      };
    });
    put("rates-table", table(
      ["step", "direct bits", "shared bits", "direct error", "shared error", "in sample", "basis",
        ...["now", "tenfold"].flatMap((when) => ["direct", "shared"].map((form) =>
          form + ", N = " + integer(at[0][when].members)))],
      at.map((r) => [r.step, number(r.direct.bits_per_weight), number(r.shared.bits_per_weight), number(r.direct.error),
        number(r.shared.error), number(r.shared.in_sample_error), size(r.shared.basis_bytes), size(r.now.direct),
        size(r.now.shared), size(r.tenfold.direct), size(r.tenfold.shared)])));
  };

  const hide = (heading) => { byId(heading).parentElement.hidden = true; };

  const spectra = (slot, axis) => {
    const from = axis === "model" ? slot : slot[axis];
    return [from.spectrum, from.null_spectrum, from.shuffled_spectrum];
  };
  const showSpectrum = () => {
    const chosen = byId("slot").value;
    const slot = chosen === "" ? data : [...data.slots, ...data.products][Number(chosen)];
    const axes = [["model", "over the models"]];
    if (slot.left && slot.left.spectrum.length) axes.push(["left", "left, of " + slot.left.dimension]);
    if (slot.right && slot.right.spectrum.length) axes.push(["right", "right, of " + slot.right.dimension]);
    const select = byId("axis");
    const before = select.value;
    select.replaceChildren(...axes.map(([value, text]) => {
      const option = element("option", text);
      option.value = value;
      return option;
    }));
    select.value = axes.some(([value]) => value === before) ? before : "model";
    const [own, random, shuffled] = spectra(slot, select.value);
    const values = [own.map((_, i) => i + 1), ...[own, random, shuffled].map((list) =>
      own.map((_, i) => (list[i] > 1e-12 ? list[i] : null)))];
    draw("spectrum", () => "Parts of the energy: " + own.slice(0, 8).map(share).join(", ") + "; of random tensors "
      + random.slice(0, 3).map(share).join(", "), () => ({
      options: {
        scales: { x: { time: false }, y: { distr: 3 } },
        series: [{ label: "direction" }, line("family", "--c1"), line("random", "--c3", { dash: [2, 3] }),
          line("shuffled", "--c2", { dash: [2, 3] })].map((s, i) =>
          (i === 0 ? s : { ...s, value: (u, v) => (v === null || v === undefined ? "–" : share(v)) })),
        axes: [{ label: "direction" }, { size: 64, values: (u, ticks) =>
          ticks.map((v) => (v === null ? "" : v >= 0.001 ? +(100 * v).toPrecision(2) + " %" : v.toExponential(0))) }],
      },
      values,
    }));
    put("spectrum-table", table(["direction", "family", "random", "shuffled"], own.map((v, i) => [i + 1, share(v),
      share(random[i]), shuffled.length ? share(shuffled[i]) : "–"])));
  };
  const makeSpectrum = () => {
    if (!data.slots.length) return hide("h-spectrum");
    const all = element("option", "all, averaged");
    all.value = "";
    const names = [...data.slots.map((slot) => slot.name), ...data.products.map((pair) => productName(pair))];
    byId("slot").replaceChildren(all, ...names.map((name, i) => {
      const option = element("option", name);
      option.value = String(i);
      return option;
    }));
    byId("slot").addEventListener("change", showSpectrum);
    byId("axis").addEventListener("change", showSpectrum);
    showSpectrum();
  };

  const productName = (pair) => "B A of " + pair.name;
  // At the number of directions where the fine-tunes are furthest below the better null.
  const furthest = (at) => at.map((e) => [Math.min(e.null_error, e.shuffled_error ?? 1) / Math.max(e.error, 1e-6), e])
    .reduce((best, one) => (one[0] > best[0] ? one : best))[1];
  const showProducts = () => {
    if (!data.products.length) return hide("h-products");
    const rows = data.products.map((pair) => {
      const at = pair.heldout_error.length ? furthest(pair.heldout_error) : null;
      return [productName(pair), pair.shape.join(" × "), pair.rank, share(pair.energy_share), at ? at.k : "–",
        number(at && at.error), number(at && at.in_sample_error), number(at && at.null_error),
        number(at && at.shuffled_error)];
    });
    put("products", table(["product", "shape", "rank", "energy", "directions", "held out", "in sample", "random",
      "shuffled"], rows, 2));
  };

  const turning = (slot) => (slot.coding_gain
    ? slot.coding_gain.held_out - Math.max(slot.coding_gain.random, slot.coding_gain.shuffled ?? slot.coding_gain.random)
    : null);
  const showSlots = () => {
    if (!data.slots.length) return hide("h-slots");
    const order = byId("order").value;
    const gain = (slot) => Math.max(turning(slot) ?? 0, slot.span_gain);
    const slots = [...data.slots];
    if (order === "gain") slots.sort((a, b) => gain(b) - gain(a));
    if (order === "energy") slots.sort((a, b) => b.energy_share - a.energy_share);
    const most = Math.max(0.2, ...slots.map(gain).map((g) => Math.min(g, 4)));
    const made = table([], []);
    const top = made.tHead.rows[0];
    ["slot", "bits a weight gained"].forEach((title) => {
      const cell = top.appendChild(element("th", title, "text"));
      cell.scope = "col";
    });
    const bar = (value, name) => {
      const made = element("div", null, "bar");
      const fill = made.appendChild(element("i"));
      fill.style.width = (65 * Math.min(Math.max(value ?? 0, 0), most) / most) + "%";
      fill.style.background = "var(" + name + ")";
      made.appendChild(element("span", value === null ? "no matrix" : number(value)));
      return made;
    };
    slots.forEach((slot) => {
      const row = made.tBodies[0].appendChild(element("tr"));
      const name = row.appendChild(element("td", slot.name, "name"));
      name.appendChild(element("span", slot.shape.join(" × ") + " · " + (slot.shares ? "shares" : "shares nothing")
        + " · coded " + slot.form + " · " + share(slot.energy_share) + " of energy", "small"));
      const bars = row.appendChild(element("td", null, "bars"));
      bars.append(bar(turning(slot), "--c1"), bar(slot.span_gain, "--c4"));
    });
    put("slots", made);
  };

  // From white or black at 0 to one hue for alike and another for opposed.
  const mix = (from, to, part) => from.map((x, i) => Math.round(x + (to[i] - x) * part));
  const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
  const showSimilarity = () => {
    const n = data.members;
    const canvas = byId("similarity");
    if (n < 2) return hide("h-members");
    const cell = Math.max(1, Math.floor(680 / n));
    canvas.width = cell * n;
    canvas.height = cell * n;
    const context = canvas.getContext("2d");
    const [zero, alike, opposed] = ["--card", "--c1", "--c2"].map((name) => rgb(colour(name)));
    data.similarity.forEach((row, i) => row.forEach((cosine, j) => {
      const to = cosine >= 0 ? alike : opposed;
      context.fillStyle = "rgb(" + mix(zero, to, Math.sqrt(Math.min(1, Math.abs(cosine)))).join(",") + ")";
      context.fillRect(j * cell, i * cell, cell, cell);
    }));
  };
  const makeMembers = () => {
    const canvas = byId("similarity");
    const { threshold, null_cosine: nullCosine, groups } = data.clusters;
    byId("cluster-rule").textContent = "Cosines between the fine-tunes' differences. Groups are joined by average"
      + " linkage down to a mean cosine of " + number(threshold) + "; between random or shuffled fine-tunes the largest is "
      + number(nullCosine, 3) + ".";
    if (groups.length) {
      const list = byId("groups").appendChild(element("ol"));
      groups.forEach((group) => list.appendChild(element("li", group.length + ": " + group.join(", "))));
    } else {
      byId("groups").appendChild(element("p", "No two are that much alike."));
    }
    const rest = "Rows and columns are the fine-tunes in order of name; blue is alike, orange opposed. Touch a cell, or use"
      + " the arrow keys, for its value.";
    byId("similarity-note").textContent = rest;
    canvas.setAttribute("aria-label", "Heat map of " + data.members + " by " + data.members + " cosines. "
      + groups.length + " groups are listed above.");
    let at = [0, 0];
    const tell = () => {
      const [i, j] = at;
      byId("similarity-note").textContent = data.member_names[i] + " and " + data.member_names[j] + ": "
        + number(data.similarity[i][j], 3);
    };
    canvas.addEventListener("pointermove", (event) => {
      const box = canvas.getBoundingClientRect();
      const index = (x, length) => Math.min(data.members - 1, Math.max(0, Math.floor(x / length * data.members)));
      at = [index(event.clientY - box.top, box.height), index(event.clientX - box.left, box.width)];
      tell();
    });
    canvas.addEventListener("keydown", (event) => {
      const move = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
      if (!move) return;
      event.preventDefault();
      at = at.map((x, i) => Math.min(data.members - 1, Math.max(0, x + move[i])));
      tell();
    });
    showSimilarity();
  };

  const showNotes = () => {
    const lines = [...data.notes, ...data.left_out.map((left) => "Left out: " + left.name + ": " + left.reason)];
    if (!lines.length) return hide("h-notes");
    lines.forEach((text) => byId("notes").appendChild(element("li", text)));
  };

  showFacts();
  showErrors();
  showRates();
  makeSpectrum();
  showProducts();
  showSlots();
  byId("order").addEventListener("change", showSlots);
  makeMembers();
  showNotes();

  const redrawAll = () => {
    [...charts.keys()].forEach(redraw);
    showSimilarity();
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawAll);
  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth !== width) {
      width = innerWidth;
      requestAnimationFrame(redrawAll);
    }
  });
})();

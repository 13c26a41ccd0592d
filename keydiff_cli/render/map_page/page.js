"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const parts = data.parts, count = parts.length;
  const canvas = document.getElementById("map"), select = document.getElementById("rows");
  const tip = document.getElementById("tip"), details = document.getElementById("details");
  const several = data.documents.length > 1;
  const LEFT = 92, RIGHT = 8, STRIP = 14, GAP = 4, TALL = 24;

  // The share of each part that each head holds: roots of shares, as bytes.
  const bytes = Uint8Array.from(atob(data.shares), (sign) => sign.charCodeAt(0));
  const share = (head, part) => (bytes[head * count + part] / 255) ** 2;
  const firstHead = [0];
  for (const heads of data.heads) firstHead.push(firstHead.at(-1) + heads);

  const mean = (from, to) => {
    const values = new Float32Array(count);
    for (let part = 0; part < count; part++) {
      for (let head = from; head < to; head++) values[part] += share(head, part);
      values[part] /= to - from;
    }
    return values;
  };
  const headRows = (layer) =>
    Array.from({ length: data.heads[layer] }, (_, head) => {
      const number = firstHead[layer] + head;
      return { name: `layer ${layer + 1}, head ${head + 1}`, values: mean(number, number + 1) };
    });
  const all = { name: "all heads", values: mean(0, firstHead.at(-1)), high: TALL };
  const layers = data.heads.map((_, layer) => ({
    name: `layer ${layer + 1}`, values: mean(firstHead[layer], firstHead[layer + 1]),
  }));
  const strips = data.strips.map(({ name, values }) => ({ name, values, asked: true, high: STRIP }));

  let rows = [], height = 0, axisTop = 0, spot = null;
  const chooseRows = () => {
    const choice = select.value;
    const held = choice === "layers" ? layers
      : choice === "heads" ? data.heads.flatMap((_, layer) => headRows(layer))
      : headRows(Number(choice));
    const high = Math.max(3, Math.min(16, Math.floor(480 / Math.max(held.length, 1))));
    rows = [all, ...held.map((row) => ({ ...row, high })), ...strips];
    let top = 0;
    for (const row of rows) {
      if (row === held[0] || row.asked || row === rows[1]) top += GAP;
      row.top = top;
      top += row.high;
    }
    axisTop = top + 2;
    height = axisTop + (several ? 36 : 20);
    if (spot) spot.row = Math.min(spot.row, rows.length - 1);
    draw();
  };

  const colours = (name) => {
    const style = getComputedStyle(document.documentElement);
    const [least, most] = ["least", "most"].map((end) =>
      style.getPropertyValue(`--${name}-${end}`).trim().split(/\s+/).map(Number));
    return Array.from({ length: 65 }, (_, step) => {
      const mixed = least.map((value, at) => Math.round(value + ((most[at] - value) * step) / 64));
      return `rgb(${mixed.join(" ")})`;
    });
  };
  const across = () => canvas.clientWidth - LEFT - RIGHT;

  function draw() {
    const ratio = window.devicePixelRatio || 1, wide = canvas.clientWidth;
    canvas.style.height = `${height}px`;
    canvas.width = Math.round(wide * ratio);
    canvas.height = Math.round(height * ratio);
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    const style = getComputedStyle(document.documentElement);
    const ink = style.getPropertyValue("--ink"), held = colours("held"), asked = colours("asked");
    document.getElementById("shades").style.background =
      `linear-gradient(to right, ${held[0]}, ${held[64]})`;
    pen.font = "11px system-ui, sans-serif";
    pen.textBaseline = "middle";
    const pixels = Math.max(Math.round(across() * ratio), 1);
    const bins = Math.min(pixels, count);
    let labelled = -100;
    for (const row of rows) {
      const most = row.asked ? Math.max(...row.values, 1e-9) : data.top;
      for (let bin = 0; bin < bins; bin++) {
        const from = Math.floor((bin * count) / bins);
        const to = Math.max(Math.floor(((bin + 1) * count) / bins), from + 1);
        let value = 0;
        for (let part = from; part < to; part++) {
          value = row.asked ? Math.max(value, row.values[part])
            : value + row.values[part] / (to - from);
        }
        const level = Math.ceil(Math.min(value / most, 1) * 64);
        const left = Math.round((bin * pixels) / bins), right = Math.round(((bin + 1) * pixels) / bins);
        pen.fillStyle = (row.asked ? asked : held)[level];
        pen.fillRect(LEFT + left / ratio, row.top, (right - left) / ratio, row.high);
      }
      const middle = row.top + row.high / 2;
      if (middle - labelled >= 11) {
        pen.fillStyle = ink;
        pen.textAlign = "right";
        pen.fillText(row.name, LEFT - 6, middle, LEFT - 6);
        labelled = middle;
      }
    }
    drawAxis(pen, ink);
    if (spot) {
      const row = rows[spot.row], left = (spot.part * across()) / count;
      pen.strokeStyle = style.getPropertyValue("--focus");
      pen.lineWidth = 2;
      const size = Math.max(across() / count, 4);
      pen.strokeRect(LEFT + left - 1, row.top - 1, size + 2, row.high + 2);
    }
  }

  function drawAxis(pen, ink) {
    const middle = axisTop + 11;
    pen.fillStyle = ink;
    pen.textAlign = "right";
    pen.fillText(data.unit, LEFT - 6, middle);
    pen.textAlign = "left";
    let free = 0;
    parts.forEach((part, at) => {
      const left = (at * across()) / count, wide = pen.measureText(part.tick).width;
      if (left < free || left + wide > across() + RIGHT) return;
      pen.fillText(part.tick, LEFT + left, middle);
      free = left + wide + 14;
    });
    if (several) drawDocuments(pen, middle + 16);
  }
  function drawDocuments(pen, middle) {
    const starts = parts.flatMap((part, at) =>
      at === 0 || part.document !== parts[at - 1].document ? [at] : []);
    starts.forEach((at, number) => {
      const left = LEFT + (at * across()) / count;
      const room = ((starts[number + 1] ?? count) - at) * across() / count - 8;
      let name = data.documents[parts[at].document];
      while (name && pen.measureText(name).width > room) name = name.slice(0, -1);
      pen.fillText(name, left + 4, middle);
      pen.fillRect(left, middle - 7, 1, 14);
    });
  }

  const percent = (value) => `${(100 * value).toFixed(value < 0.1 ? 1 : 0)} %`;
  const paragraph = (text, name) => {
    const made = document.createElement("p");
    made.textContent = text;
    if (name) made.className = name;
    return made;
  };
  function tell(place, where) {
    const part = parts[where.part], row = rows[where.row];
    const label = part.label ? ` (${part.label})` : "";
    const owner = several ? `${data.documents[part.document]}, ` : "";
    const figures = [`${part.tokens} tokens`];
    if (!row.asked && row !== all) figures.push(`${row.name} holds ${percent(row.values[where.part])}`);
    figures.push(`a head ${percent(part.mean)}, any head ${percent(part.union)}`);
    if (data.question) {
      figures.push(`recalled ${part.recalled}`, `read again ${part.looked}`);
      if (part.attention !== null) figures.push(`attention ${part.attention.toFixed(1)} times as usual`);
    }
    place.replaceChildren(
      paragraph(owner + part.where + label, "place"),
      paragraph(figures.join("; ")),
      paragraph(part.text, "text"),
    );
  }

  const found = (event) => {
    const box = canvas.getBoundingClientRect();
    const x = event.clientX - box.left - LEFT, y = event.clientY - box.top;
    const part = Math.floor((x * count) / across());
    const row = rows.findIndex((each) => y >= each.top && y < each.top + each.high + GAP);
    return part < 0 || part >= count || row < 0 ? null : { part, row };
  };
  canvas.addEventListener("pointermove", (event) => {
    const where = found(event);
    tip.hidden = !where;
    if (!where) return;
    tell(tip, where);
    const room = document.documentElement.clientWidth - tip.offsetWidth - 12;
    tip.style.left = `${Math.max(Math.min(event.pageX + 14, room), 0)}px`;
    tip.style.top = `${event.pageY + 16}px`;
  });
  canvas.addEventListener("pointerleave", () => { tip.hidden = true; });
  const move = (where) => {
    spot = where;
    draw();
    tell(details, spot);
  };
  canvas.addEventListener("click", (event) => {
    const where = found(event);
    if (where) move(where);
  });
  canvas.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { tip.hidden = true; return; }
    const steps = {
      ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
      PageUp: [-10, 0], PageDown: [10, 0], Home: [-count, 0], End: [count, 0],
    };
    const step = steps[event.key];
    if (!step || !count || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const now = spot || { part: -Math.sign(step[0]), row: -step[1] };
    move({
      part: Math.max(0, Math.min(count - 1, now.part + step[0])),
      row: Math.max(0, Math.min(rows.length - 1, now.row + step[1])),
    });
  });

  document.getElementById("parts").addEventListener("toggle", (event) => {
    const place = event.target.querySelector("div");
    if (place.firstChild) return;
    const asked = data.question ? ["recalled", "read again"] : [];
    const table = document.createElement("table");
    const line = (cells, kind, group) => {
      const row = group.insertRow();
      cells.forEach((cell, at) => {
        const made = document.createElement(kind);
        made.textContent = cell;
        if (at === cells.length - 1) made.className = "text";
        row.append(made);
      });
    };
    line(["place", "tokens", "a head", "any head", ...asked, "begins with"], "th", table.createTHead());
    const body = table.createTBody();
    for (const part of parts) {
      const owner = several ? `${data.documents[part.document]}, ` : "";
      const sought = data.question ? [part.recalled, part.looked] : [];
      line([owner + part.where, part.tokens, percent(part.mean), percent(part.union), ...sought, part.text],
        "td", body);
    }
    place.className = "wide";
    place.append(table);
  });

  const option = (value, text) => select.add(new Option(text, value));
  option("layers", "layers, the mean of their heads");
  option("heads", "all heads");
  data.heads.forEach((heads, layer) => option(String(layer), `layer ${layer + 1}: its ${heads} heads`));
  document.getElementById("scale").textContent = `0 % to ${percent(data.top)} of the tokens of a page`;
  select.addEventListener("change", chooseRows);
  for (const change of ["resize", "beforeprint", "afterprint"]) window.addEventListener(change, draw);
  for (const query of ["(prefers-color-scheme: dark)", "print"]) {
    window.matchMedia(query).addEventListener("change", draw);
  }
  chooseRows();
})();

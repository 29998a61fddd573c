// Elements: made, and kept by key so that focus and selection stay. Text only ever goes in as text.

/** An element with its class, text and attributes. */
export function make(tag, options = {}, ...children) {
  const element = document.createElement(tag);
  const { text, on, ...attributes } = options;
  if (text !== undefined) element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  for (const [event, listener] of Object.entries(on ?? {})) element.addEventListener(event, listener);
  element.append(...children);
  return element;
}

export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Children of `parent`, one an item, kept by key, in the items' order. */
export function keyed(parent, items, keyOf, create, update) {
  const had = (parent.kept ??= new Map());
  const keys = new Set();
  items.forEach((item, place) => {
    const key = keyOf(item);
    keys.add(key);
    let child = had.get(key);
    if (child === undefined) {
      child = create(item);
      had.set(key, child);
    }
    update(child, item);
    if (parent.children[place] !== child) parent.insertBefore(child, parent.children[place] ?? null);
  });
  for (const [key, child] of had) {
    if (!keys.has(key)) {
      if (child.contains(document.activeElement)) document.querySelector("h1").focus();
      child.remove();
      had.delete(key);
    }
  }
}

export function section(id, title, ...children) {
  const heading = make("h2", { id: `${id}-title`, text: title });
  return make("section", { id, "aria-labelledby": heading.id }, heading, ...children);
}

export function table(label, columns) {
  const head = columns.map(([name, kind]) =>
    make(name === "" ? "td" : "th", { scope: name !== "" && "col", class: kind, text: name }),
  );
  const body = make("tbody");
  const made = make("table", { "aria-label": label }, make("thead", {}, make("tr", {}, ...head)), body);
  made.body = body;
  return made;
}

export function row(kinds) {
  return make("tr", {}, ...kinds.map((kind) => make("td", { class: kind })));
}

export function bar() {
  return make("div", { class: "bar", role: "meter", "aria-valuemin": "0" }, make("div", { class: "fill" }));
}

export function fill(meter, value, most, label, text) {
  const share = most > 0 ? Math.min(1, value / most) : 0;
  meter.setAttribute("aria-valuemax", String(most));
  meter.setAttribute("aria-valuenow", String(value));
  meter.setAttribute("aria-label", label);
  meter.setAttribute("aria-valuetext", text);
  meter.firstChild.style.width = `${(share * 100).toFixed(1)}%`;
  return share;
}

export function button(text, label, on) {
  return make("button", { type: "button", "aria-label": label, text, on: { click: on } });
}

/** A line each: what, how much, in words. Warns from six tenths on, and more from nine, but of what is `calm`. */
export function drawBars(parent, bars) {
  const create = ({ name }) => {
    const parts = [make("span", { class: "of", text: name }), bar(), make("span", { class: "used" })];
    return make("div", { class: "limit" }, ...parts);
  };
  const update = (made, { label, value, most, text, title, calm }) => {
    const share = fill(made.children[1], value, most, label, text);
    made.dataset.level = calm || share < 0.6 ? "" : share < 0.9 ? "high" : "full";
    say(made.children[2], text);
    made.title = title ?? "";
  };
  keyed(parent, bars, ({ name }) => name, create, update);
}

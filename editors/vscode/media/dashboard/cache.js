// What is kept of answers, by tier, and the button that throws it away.
import { button, drawBars, make, section } from "./dom.js";
import { size, terse } from "./words.js";

export function cacheOf(tell) {
  const list = make("div", { class: "limits" });
  const clear = button("Clear…", "Clear the cache", () => tell({ kind: "clearCache" }));
  const element = section("cache", "Cache", list, make("p", { class: "acts" }, clear));
  const draw = ({ cache }) => {
    element.hidden = cache === undefined;
    drawBars(list, (cache?.tiers ?? []).map(barOf));
  };
  return { element, draw };
}

/** A full cache is no trouble: what is oldest goes. */
function barOf({ name, entries, bytes, maxBytes, problem }) {
  const count = entries === undefined ? "" : `${terse(entries)} answers, `;
  const room = bytes === undefined ? "" : `${size(bytes)}${maxBytes ? ` of ${size(maxBytes)}` : ""}`;
  const text = problem ?? `${count}${room}`;
  return { name, label: `cache: ${name}`, value: bytes ?? 0, most: maxBytes ?? 0, text, calm: true };
}

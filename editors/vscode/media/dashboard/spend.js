// What was spent, by tool, model, provider or day; by target where the daemon keeps no ledger.
import { bar, fill, keyed, make, row, say, section, table } from "./dom.js";
import { money, terse } from "./words.js";

const SINCE = [
  ["today", "Today"],
  ["7d", "7 days"],
  ["30d", "30 days"],
];

export function spendOf(vscode) {
  const { element: choice } = choiceOf(vscode);
  const list = table("Spend", [
    ["Tool", "name"],
    ["Share", "share"],
    ["Cost", "number"],
    ["In", "number"],
    ["Out", "number"],
    ["Calls", "number"],
  ]);
  const none = make("p", { class: "none", text: "Nothing was asked in this time." });
  const title = list.querySelector("th");
  const create = () => {
    const made = row(["name", "share", "number", "number", "number", "number"]);
    made.children[1].append(bar());
    return made;
  };
  const draw = ({ usage }) => {
    const { by, rows } = usage ?? { by: "target", rows: [] };
    choice.hidden = by === "target";
    list.hidden = rows.length === 0;
    none.hidden = rows.length > 0;
    say(title, by === "target" ? "Target, since the daemon started" : by[0].toUpperCase() + by.slice(1));
    const weigh = weightOf(rows);
    const most = Math.max(0, ...rows.map(weigh.weight));
    const sorted = by === "day" ? rows : [...rows].sort((one, other) => weigh.weight(other) - weigh.weight(one));
    const update = (made, each) => drawRow(made, each, most, weigh);
    keyed(list.body, sorted, ({ key }) => `${by} ${key}`, create, update);
  };
  return { element: section("spend", "Spend", choice, list, none), draw };
}

/** By cost where there is any, else by tokens. */
function weightOf(rows) {
  return rows.some(({ usd }) => usd > 0)
    ? { of: "Cost", weight: ({ usd }) => usd ?? 0 }
    : { of: "Tokens", weight: ({ inputTokens, outputTokens }) => inputTokens + outputTokens };
}

function drawRow(made, { key, usd, unpriced, failed, ...each }, most, { of, weight }) {
  const [name, share, cost, input, output, calls] = made.children;
  const value = weight({ usd, ...each });
  const text = usd === undefined ? "" : usd === 0 && unpriced ? "no price" : `${money(usd)}${unpriced ? " +?" : ""}`;
  say(name, key || "unknown");
  fill(share.firstChild, value, most, `${of} of ${key || "unknown"}`, of === "Cost" ? text : terse(value));
  say(cost, text);
  cost.title = unpriced ? `${unpriced} attempts at models without a published price` : "";
  say(input, terse(each.inputTokens));
  say(output, terse(each.outputTokens));
  say(calls, terse(each.calls ?? each.attempts) + (failed ? ` (${terse(failed)} failed)` : ""));
}

/** Remembered by the page, told to the extension. */
function choiceOf(vscode) {
  const kept = vscode.getState() ?? { by: "tool", since: "7d" };
  const group = make("div", { role: "group", "aria-label": "Spend by", class: "buttons" });
  const since = make("select", { "aria-label": "Spend since" });
  const show = () => {
    for (const each of group.children) each.setAttribute("aria-pressed", String(each.dataset.by === kept.by));
    since.value = kept.since;
    vscode.setState(kept);
    vscode.postMessage({ kind: "spend", by: kept.by, since: kept.since });
  };
  const choose = (change) => {
    Object.assign(kept, change);
    show();
  };
  for (const by of ["tool", "model", "provider", "day"]) {
    const click = () => choose({ by });
    group.append(
      make("button", {
        type: "button",
        "data-by": by,
        "aria-label": `By ${by}`,
        text: by[0].toUpperCase() + by.slice(1),
        on: { click },
      }),
    );
  }
  since.append(...SINCE.map(([value, text]) => make("option", { value, text })));
  since.addEventListener("change", () => choose({ since: since.value }));
  show();
  return { element: make("div", { class: "choice" }, group, since) };
}

// What is spent of the user's budgets; that one is spent, and what then, is among the daemon's problems.
import { drawBars, make, section } from "./dom.js";
import { money, when } from "./words.js";

export function budgetsPart() {
  const list = make("div", { class: "limits" });
  const element = section("budgets", "Budgets", list);
  const draw = ({ status: { budgets } }) => {
    element.hidden = budgets.length === 0;
    drawBars(list, budgets.map(barOf));
  };
  return { element, draw };
}

function barOf({ name, usd, per, spentUsd, unpricedAttempts, renewsAt, tool, provider }) {
  const of = [tool, provider].filter(Boolean).join(", ");
  const unpriced = unpricedAttempts ? `, and ${unpricedAttempts} attempts without a price` : "";
  return {
    name,
    label: `budget ${name}`,
    value: spentUsd,
    most: usd,
    text: `${money(spentUsd)}${unpricedAttempts ? " +?" : ""} of ${money(usd)} a ${per}`,
    title: `${of ? `Of ${of}` : "Of all calls"}${unpriced}; starts anew ${when(renewsAt)}`,
  };
}

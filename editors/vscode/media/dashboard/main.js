// The dashboard's page: draws each picture that the extension sends in place. A part is {element, draw(picture)}.
import { budgetsPart } from "./budgets.js";
import { cacheOf } from "./cache.js";
import { callsOf } from "./calls.js";
import { make, say } from "./dom.js";
import { breakersPart, limitsPart } from "./limits.js";
import { spendOf } from "./spend.js";
import { clientsPart, tilesPart } from "./sums.js";
import { helpOf, troublesPart } from "./troubles.js";
import { duration, size } from "./words.js";

const vscode = acquireVsCodeApi();
const tell = (message) => vscode.postMessage(message);
const main = document.getElementById("dashboard");

const about = make("p", { class: "about" });
const help = helpOf(tell);
const troubles = troublesPart();
const wide = [tilesPart(), callsOf(tell)];
const left = [limitsPart()];
const right = [breakersPart(), budgetsPart(), spendOf(vscode), cacheOf(tell), clientsPart()];
const elements = (parts) => parts.map(({ element }) => element);
const column = (parts) => make("div", { class: "column" }, ...elements(parts));
const columns = make("div", { class: "columns" }, column(left), column(right));
const running = make("div", { class: "running" }, ...elements(wide), columns);
main.append(
  make("header", {}, make("h1", { text: "Libria", tabindex: "-1" }), about),
  troubles.element,
  help.element,
  running,
);

const STATES = { failed: "not running", starting: "starting…", stopped: "stopped", running: "does not answer" };

function draw(picture) {
  const { status, state } = picture;
  main.setAttribute("aria-busy", "false");
  running.hidden = status === undefined;
  help.draw(picture);
  troubles.draw(picture);
  if (status === undefined) {
    say(about, STATES[state]);
    return;
  }
  const memory = status.process?.rssBytes ? ` · ${size(status.process.rssBytes)}` : "";
  const up = `up ${duration(status.uptimeSeconds)}`;
  say(about, `version ${status.version} · process ${status.pid} · ${up}${memory}`);
  for (const part of [...wide, ...left, ...right]) part.draw(picture);
}

window.addEventListener("message", ({ data }) => {
  if (data?.kind === "picture") draw(data);
});
tell({ kind: "ready" });

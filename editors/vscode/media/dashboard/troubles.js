// What is wrong: sentences, and where libria does not run what to do.
import { button, keyed, make, say } from "./dom.js";
import { duration } from "./words.js";

export function troublesPart() {
  const element = make("ul", { class: "troubles", role: "status", "aria-label": "What is wrong" });
  const draw = ({ status }) => {
    const sentences = status === undefined ? [] : troublesOf(status);
    element.hidden = sentences.length === 0;
    keyed(
      element,
      sentences.map((text, place) => [place, text]),
      ([place]) => place,
      () => make("li"),
      (item, [, text]) => say(item, text),
    );
  };
  return { element, draw };
}

function troublesOf({ problems, process, redis, targets, queue }) {
  const found = [...problems];
  if ((process?.lagMs ?? 0) >= 100) {
    found.push(`The daemon is busy: what it does is up to ${duration(process.lagMs / 1000)} late.`);
  }
  if (redis.status === "away") {
    const why = redis.error ? ` (${redis.error})` : "";
    found.push(`Redis is away${why}; this machine keeps to its share of the limits.`);
  }
  for (const { target, pausedMs, waiting } of targets) {
    const who = waiting ? `, ${waiting} wait` : "";
    if (pausedMs > 0) found.push(`${target} asked for a pause: ${duration(pausedMs / 1000)} more${who}.`);
  }
  if (queue.waiting > 0) {
    found.push(`${queue.waiting} calls wait: ${queue.inFlight} of ${queue.slots} are under way.`);
  }
  return found;
}

export function helpOf(tell) {
  const why = make("span");
  const acts = [
    ["Restart", "libria.restartDaemon"],
    ["Open Log", "libria.openLog"],
    ["Install", "libria.install"],
  ];
  const buttons = acts.map(([name, command]) => button(name, name, () => tell({ kind: "run", command })));
  const element = make("div", { class: "help", role: "alert", hidden: true }, why, ...buttons);
  const draw = ({ state, problem, status }) => {
    element.hidden = status !== undefined || state === "starting";
    if (!element.hidden) say(why, problem ?? "Libria does not run.");
  };
  return { element, draw };
}

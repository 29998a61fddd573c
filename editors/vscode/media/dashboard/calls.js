// The calls under way, of all tools, each with a button that ends it.
import { button, keyed, make, row, say, section, table } from "./dom.js";
import { duration, stateOf, terse } from "./words.js";

export function callsOf(tell) {
  const list = table("Calls under way", [
    ["Model", "name"],
    ["State", ""],
    ["Tok/s", "number"],
    ["Tokens", "number"],
    ["For", "number"],
    ["Tool", ""],
    ["", "act"],
  ]);
  const none = make("p", { class: "none", text: "Nothing is under way." });
  const create = ({ callId, target, model }) => {
    const made = row(["name", "state", "number", "number", "number", "", "act"]);
    const cancel = () => tell({ kind: "cancel", callId });
    made.lastChild.append(button("Cancel", `Cancel the call to ${target ?? model}`, cancel));
    return made;
  };
  const draw = ({ status: { calls } }) => {
    list.hidden = calls.length === 0;
    none.hidden = calls.length > 0;
    keyed(list.body, calls, ({ callId }) => callId, create, update);
  };
  return { element: section("calls", "Calls", list, none), draw };
}

function update(made, { model, target, tokensPerSecond, outputTokens, seconds, client, session, ...call }) {
  const [name, state, speed, tokens, time, tool] = made.children;
  say(name, target ?? model);
  name.title = target && model && target !== model ? `asked as ${model}` : "";
  say(state, stateOf(call));
  state.dataset.state = call.state;
  say(speed, tokensPerSecond === undefined ? "" : terse(tokensPerSecond));
  say(tokens, outputTokens ? terse(outputTokens) : "");
  say(time, duration(seconds));
  say(tool, client || session);
}

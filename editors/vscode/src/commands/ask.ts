/** Questions that the user types, and that of what code does. */
import { type Range, type TextDocument, ThemeIcon, Uri, window, workspace } from "vscode";
import type { EditArguments } from "../protocol";
import type { Conversations, Question } from "./conversations";
import { rangeOf } from "./place";
import * as prompts from "./prompts";

/** With what is selected. Goes on with the conversation whose tab is open, unless the user wants a new one. */
export async function ask(conversations: Conversations, given?: string): Promise<void> {
  const editor = window.activeTextEditor;
  const [words, how] = given === undefined ? await input(conversations.underWay) : [given, "on" as const];
  if (words === undefined || words.trim() === "") {
    return;
  }
  const about = editor !== undefined && !editor.selection.isEmpty ? editor : undefined;
  const question = about ? quoted(about.document, about.selection, words) : { shown: words, sent: words };
  await conversations.ask(question, how);
}

export async function explain(conversations: Conversations, argument: EditArguments): Promise<void> {
  const document = await workspace.openTextDocument(Uri.parse(argument.uri));
  await conversations.ask(quoted(document, rangeOf(argument), prompts.EXPLAIN), "anew");
}

function quoted(document: TextDocument, range: Range, words: string): Question {
  const [first, last] = [range.start.line + 1, range.end.line + (range.end.character > 0 ? 1 : 0)];
  const lines = last > first ? `lines ${first}–${last}` : `line ${first}`;
  const name = document.uri.path.split("/").at(-1) ?? "";
  return { shown: `${words}\n\n*${name}, ${lines}*`, sent: prompts.about(document, range, words) };
}

function input(goesOn: boolean): Promise<[string | undefined, "anew" | "on"]> {
  const box = window.createInputBox();
  box.title = goesOn ? "Ask Libria: the conversation goes on" : "Ask Libria";
  box.placeholder = "What is selected is sent along";
  box.ignoreFocusOut = true;
  let how: "anew" | "on" = "on";
  if (goesOn) {
    box.buttons = [{ iconPath: new ThemeIcon("add"), tooltip: "Begin a new conversation" }];
  }
  box.onDidTriggerButton(() => {
    how = "anew";
    box.title = "Ask Libria: a new conversation";
    box.buttons = [];
  });
  box.show();
  return new Promise((resolve) => {
    box.onDidAccept(() => {
      resolve([box.value, how]);
      box.dispose();
    });
    box.onDidHide(() => {
      resolve([undefined, how]);
      box.dispose();
    });
  });
}

/** The commands, and what they share. */
import { commands, Disposable, type SourceControl, type TextEditor, window } from "vscode";
import { showError } from "../errors";
import { inlineState } from "../inline";
import type { Parts } from "../parts";
import type { EditArguments } from "../protocol";
import { ask, explain } from "./ask";
import { Commits } from "./commit";
import { Conversations } from "./conversations";
import { Edits, isEdit } from "./edit";
import { Inserts } from "./insert";
import { Jobs } from "./jobs";
import { pickModel } from "./models";
import { place } from "./place";
import { Reviews } from "./reviews";
import { restartDaemon, showStatus } from "./service";

export function register({ daemon, log }: Parts): Disposable {
  const jobs = new Jobs();
  const reviews = new Reviews();
  const conversations = new Conversations(daemon, jobs);
  const edits = new Edits(daemon, jobs, reviews);
  const inserts = new Inserts(daemon, jobs);
  const commits = new Commits(daemon, jobs);

  // What the daemon offers as code actions comes here: it is looked at before anything is changed.
  daemon.middleware.executeCommand = async (command, args, next): Promise<unknown> => {
    const argument = (args as EditArguments[])[0];
    if (argument !== undefined && command === "libria.explain") {
      return explain(conversations, argument);
    }
    return argument !== undefined && isEdit(command) ? edits.perform(command, argument) : next(command, args);
  };

  return Disposable.from(
    jobs,
    reviews,
    conversations,
    on("libria.ask", (words) => ask(conversations, typeof words === "string" ? words : undefined)),
    on("libria.cancel", () => {
      jobs.cancelAll();
    }),
    inEditor("libria.explainSelection", async (editor) => {
      await explain(conversations, await place(daemon, editor, "refactor.explain"));
    }),
    inEditor("libria.editSelection", async (editor, given) => {
      const words = await wanted("What shall be changed?", given);
      await (words && edits.ofSelection(editor, "libria.edit", words));
    }),
    inEditor("libria.fixSelection", (editor) => edits.ofSelection(editor, "libria.fix")),
    inEditor("libria.improveSelection", (editor) => edits.ofSelection(editor, "libria.rewrite")),
    inEditor("libria.documentSelection", (editor) => edits.ofSelection(editor, "libria.document")),
    inEditor("libria.insertAtCursor", async (editor, given) => {
      const words = await wanted("What shall be written at the cursor?", given);
      await (words && inserts.at(editor, words));
    }),
    on("libria.acceptEdit", () => reviews.decide("accept", "all")),
    on("libria.rejectEdit", () => reviews.decide("reject", "all")),
    on("libria.acceptChange", () => reviews.decide("accept", "one")),
    on("libria.rejectChange", () => reviews.decide("reject", "one")),
    on("libria.commitMessage", (control) => commits.message(control as SourceControl | undefined)),
    on("libria.pickModel", () => {
      pickModel(daemon);
    }),
    on("libria.showStatus", () => showStatus(daemon, inlineState().why || "on")),
    on("libria.restartDaemon", () => restartDaemon(daemon)),
    on("libria.openLog", () => {
      log.show();
    }),
  );
}

/** What goes wrong is shown, and not VS Code's own words for it. */
function on(command: string, run: (given: unknown) => unknown): Disposable {
  return commands.registerCommand(command, async (given: unknown) => {
    try {
      await run(given);
    } catch (error) {
      void showError(error);
    }
  });
}

function inEditor(command: string, run: (editor: TextEditor, given: unknown) => unknown): Disposable {
  return on(command, (given) => {
    const editor = window.activeTextEditor;
    if (editor === undefined) {
      throw new Error("Open a file first, and put the cursor where Libria shall work.");
    }
    return run(editor, given);
  });
}

/** As a keybinding's `args` says, else as the user types; undefined or "" for nothing. */
function wanted(prompt: string, given: unknown): Thenable<string | undefined> {
  if (typeof given === "string") {
    return Promise.resolve(given);
  }
  return window.showInputBox({ title: "Libria", prompt, ignoreFocusOut: true });
}

/** What models are asked for the commands, and what of the file they see. */
import { Range, type TextDocument, workspace } from "vscode";

export const WRITES =
  "You write text that goes into a file as it is. Answer with that text alone: no explanation, no code fence.";

export const COMMIT =
  "You write the message of a git commit from its diff: a summary of at most 72 characters in the imperative, and " +
  "where the change needs it an empty line and a short body wrapped at 72 that says why. Answer with it alone.";

export const EXPLAIN = "Explain what this does and why.";

const AROUND = 200; // lines
const MOST_DIFF = 60_000; // characters: what a small model's context takes

/** Before and behind `offset`, where the text goes. */
export function insert(document: TextDocument, offset: number, words: string): string {
  const at = document.positionAt(offset);
  const before = document.getText(new Range(Math.max(0, at.line - AROUND), 0, at.line, at.character));
  const behind = document.getText(new Range(at.line, at.character, at.line + AROUND + 1, 0));
  return `${kind(document)}\nThe text goes where <here/> is:\n${before}<here/>${behind}\n\nWanted: ${words}`;
}

/** The words, and the range as a block of code. */
export function about(document: TextDocument, range: Range, words: string): string {
  const text = document.getText(range).replace(/\r?\n$/, "");
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${words}\n\n${kind(document)}\n${fence}${document.languageId}\n${text}\n${fence}`;
}

/** `typed`: what the user has put into the box already. */
export function commit(diff: string, typed: string): string {
  const shown = diff.length > MOST_DIFF ? `${diff.slice(0, MOST_DIFF)}\n[the rest of the diff is left out]` : diff;
  return typed === "" ? shown : `${shown}\n\nThe author noted: ${typed}`;
}

function kind(document: TextDocument): string {
  const name = document.isUntitled ? "unnamed" : workspace.asRelativePath(document.uri, false);
  return `File: ${name} (${document.languageId})`;
}

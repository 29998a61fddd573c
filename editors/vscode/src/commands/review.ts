/** What a model would make of a range, change by change: shown beside the document, which stays as it is until the user accepts. */
import { type Disposable, type TextDocument, type Uri, WorkspaceEdit, workspace } from "vscode";
import { Anchor } from "./anchor";
import { hunks, lines } from "./hunks";

interface Change {
  /** Where the old lines are now. */
  readonly anchor: Anchor;
  readonly old: string;
  readonly new: string;
}

export class Review implements Disposable {
  private readonly anchor: Anchor;
  private readonly before: string;
  /** What has come of the answer, while it comes. */
  private coming: string | undefined = "";
  private changes: Change[] = [];

  /** `uri` is that of the text with the changes made. */
  constructor(
    readonly uri: Uri,
    anchor: Anchor,
  ) {
    this.anchor = anchor;
    this.before = anchor.text;
  }

  get document(): TextDocument {
    return this.anchor.document;
  }

  /** How many changes are left to decide. */
  get left(): number {
    return this.changes.length;
  }

  show(text: string): void {
    this.coming = text;
  }

  /** The number of changes. `made` is to stand in the range. */
  offer(made: string): number {
    this.coming = undefined;
    const start = this.anchor.start;
    this.changes = hunks(this.before, made).map((hunk) => ({
      anchor: new Anchor(this.document, start + hunk.at, start + hunk.at + hunk.old.length),
      old: hunk.old,
      new: hunk.new,
    }));
    return this.left;
  }

  /** Whether the range is what the model saw. */
  holds(): boolean {
    return this.anchor.text === this.before;
  }

  /** The document with the changes made; those whose lines the user has edited meanwhile left out. */
  text(): string {
    const now = this.document.getText();
    if (this.coming !== undefined) {
      return now.slice(0, this.anchor.start) + this.preview(this.coming) + now.slice(this.anchor.end);
    }
    return this.sorted()
      .reverse()
      .filter(holds)
      .reduce((text, { anchor, new: made }) => text.slice(0, anchor.start) + made + text.slice(anchor.end), now);
  }

  /** The changes nearest to a line: of the document, or of the text with the changes made. */
  nearest(line: number, side: "old" | "new"): Change[] {
    let shift = 0;
    let best: Change | undefined;
    let least = Infinity;
    for (const change of this.sorted()) {
      const first = this.document.positionAt(change.anchor.start).line + (side === "new" ? shift : 0);
      const count = lines(side === "new" ? change.new : change.old).length;
      const distance = Math.max(first - line, line - (first + Math.max(0, count - 1)), 0);
      if (distance < least) {
        [best, least] = [change, distance];
      }
      shift += holds(change) ? lines(change.new).length - lines(change.old).length : 0;
    }
    return best === undefined ? [] : [best];
  }

  all(): Change[] {
    return this.sorted();
  }

  /** Makes them, as one step of undo, and returns how many could not be: the user edited their lines. */
  async accept(chosen: readonly Change[]): Promise<number> {
    const good = chosen.filter(holds);
    const edit = new WorkspaceEdit();
    for (const { anchor, new: made } of good) {
      edit.replace(this.document.uri, anchor.range, made);
    }
    if (good.length > 0 && !(await workspace.applyEdit(edit))) {
      throw new Error("The editor did not take the change; accept it again.");
    }
    this.drop(chosen);
    return chosen.length - good.length;
  }

  drop(chosen: readonly Change[]): void {
    for (const { anchor } of chosen) {
      anchor.dispose();
    }
    this.changes = this.changes.filter((change) => !chosen.includes(change));
  }

  dispose(): void {
    this.drop(this.changes);
    this.anchor.dispose();
  }

  /** The old lines stand where no new ones have come yet, so that not all seems deleted. */
  private preview(text: string): string {
    const rest = lines(this.before).slice(lines(text).length);
    const cut = text !== "" && !text.endsWith("\n") && this.before.endsWith("\n");
    return text + (cut ? "\n" : "") + rest.join("");
  }

  private sorted(): Change[] {
    return [...this.changes].sort((one, other) => one.anchor.start - other.anchor.start);
  }
}

function holds({ anchor, old }: Change): boolean {
  return anchor.text === old;
}

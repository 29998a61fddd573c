/** The diff editors in which edits are looked at, accepted and rejected. */
import {
  commands,
  Disposable,
  EventEmitter,
  languages,
  Range,
  type Tab,
  TabInputTextDiff,
  type TextDocument,
  type TextDocumentContentProvider,
  Uri,
  window,
  workspace,
} from "vscode";
import type { Anchor } from "./anchor";
import { Redraw } from "./redraw";
import { Review } from "./review";

export const SCHEME = "libria-edit";

export class Reviews implements TextDocumentContentProvider, Disposable {
  private readonly open = new Map<string, Review>();
  private readonly closed = new EventEmitter<Review>();
  private readonly redraw = new Redraw();
  private readonly disposables: Disposable;
  private counter = 0;

  readonly onDidChange = this.redraw.event;
  /** The user has closed the diff editor, or the document. */
  readonly onClosed = this.closed.event;

  constructor() {
    this.disposables = Disposable.from(
      workspace.registerTextDocumentContentProvider(SCHEME, this),
      workspace.onDidChangeTextDocument(({ document }) => {
        for (const review of this.open.values()) {
          if (review.document === document) {
            this.changed(review);
          }
        }
      }),
      window.tabGroups.onDidChangeTabs(({ closed }) => {
        for (const review of [...this.open.values()]) {
          if (closed.some((tab) => shows(tab, review))) {
            this.forget(review);
          }
        }
      }),
      this.closed,
      this.redraw,
    );
  }

  provideTextDocumentContent(uri: Uri): string {
    return this.open.get(uri.toString())?.text() ?? "";
  }

  /** `title` is the diff editor's, behind the file's name. */
  async begin(anchor: Anchor, title: string): Promise<Review> {
    const { document } = anchor;
    const uri = Uri.from({ scheme: SCHEME, path: document.uri.path, query: String(++this.counter) });
    const review = new Review(uri, anchor);
    this.open.set(uri.toString(), review);
    await languages.setTextDocumentLanguage(await workspace.openTextDocument(uri), document.languageId);
    const name = document.uri.path.split("/").at(-1) ?? "";
    const shown = { preview: false, selection: new Range(anchor.range.start, anchor.range.start) };
    await commands.executeCommand("vscode.diff", document.uri, uri, `${name}: ${title}`, shown);
    return review;
  }

  changed(review: Review): void {
    this.redraw.soon(review.uri);
  }

  /** The one that the user looks at. */
  active(): Review | undefined {
    const tab = window.tabGroups.activeTabGroup.activeTab;
    return [...this.open.values()].find((review) => tab !== undefined && shows(tab, review));
  }

  /** Closes the diff editor. */
  async end(review: Review): Promise<void> {
    const tabs = window.tabGroups.all.flatMap((group) => group.tabs).filter((tab) => shows(tab, review));
    this.forget(review);
    await window.tabGroups.close(tabs);
  }

  /** All of the changes, or the one at the cursor. */
  async decide(how: "accept" | "reject", which: "all" | "one"): Promise<void> {
    const review = this.active();
    if (review === undefined) {
      void window.showInformationMessage("There is no edit of Libria’s to decide on in this editor.");
      return;
    }
    const chosen = which === "all" ? review.all() : atCursor(review);
    const missed = how === "accept" ? await review.accept(chosen) : (review.drop(chosen), 0);
    if (missed > 0) {
      const what = missed === 1 ? "One change was" : `${missed} changes were`;
      void window.showWarningMessage(`${what} left out: you have edited these lines meanwhile.`);
    }
    if (review.left > 0) {
      this.changed(review);
      return;
    }
    const { document } = review;
    await this.end(review);
    await show(document);
  }

  dispose(): void {
    for (const review of [...this.open.values()]) {
      this.forget(review);
    }
    this.disposables.dispose();
  }

  private forget(review: Review): void {
    if (this.open.delete(review.uri.toString())) {
      review.dispose();
      this.closed.fire(review);
    }
  }
}

function shows({ input }: Tab, { uri }: Review): boolean {
  return input instanceof TabInputTextDiff && input.modified.toString() === uri.toString();
}

function atCursor(review: Review) {
  const editor = window.activeTextEditor;
  const line = editor?.selection.active.line ?? 0;
  return review.nearest(line, editor?.document.uri.scheme === SCHEME ? "new" : "old");
}

async function show(document: TextDocument): Promise<void> {
  if (!document.isClosed) {
    await window.showTextDocument(document, { preview: false });
  }
}

/** Text that comes in pieces, written into a document at a place that keeps its meaning while the user edits. */
import {
  Disposable,
  EndOfLine,
  Range,
  type Tab,
  TabInputText,
  type TextDocument,
  type TextDocumentContentChangeEvent,
  type TextEditor,
  window,
  WorkspaceEdit,
  workspace,
} from "vscode";
import { moved } from "./anchor";

/** Milliseconds for which pieces are held to be written at once: an edit costs a dozen. */
const BATCH = 40;

/** Edits at the end that the user may be faster than. */
const TRIES = 50;

/** What is being written: at `from`, in place of `length` characters. */
interface Edit {
  readonly from: number;
  readonly length: number;
  readonly text: string;
}

/** All that it writes is one step of undo, as long as nobody else edits in between. One edit is under way at a time. */
export class Writer implements Disposable {
  /** Edits that were made. */
  edits = 0;

  private held = "";
  private wiped = false;
  /** What was written lies between. */
  private from: number;
  private to: number;
  private written = false;
  private gone = false;
  /** Whether the last change of the document was this one's. */
  private joins = false;
  private own: Edit | undefined;
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> = Promise.resolve();
  private readonly listeners: Disposable;

  /** `lost` is called once, when nothing more can be written: the document is closed, or the user undid or deleted what was. */
  constructor(
    private readonly document: TextDocument,
    offset: number,
    private readonly lost: () => void,
  ) {
    this.from = this.to = offset;
    this.listeners = Disposable.from(
      workspace.onDidChangeTextDocument(({ document: changed, contentChanges }) => {
        if (changed === document) {
          contentChanges.forEach((change) => {
            this.follow(change);
          });
        }
      }),
      workspace.onDidCloseTextDocument((closed) => {
        queueMicrotask(() => {
          if (closed === document && document.isClosed) {
            this.giveUp(); // and not only of another language
          }
        });
      }),
      window.tabGroups.onDidChangeTabs(({ closed }) => {
        const all = window.tabGroups.all.flatMap(({ tabs }) => tabs);
        if (closed.some((tab) => shows(tab, document)) && !all.some((tab) => shows(tab, document))) {
          this.giveUp(); // VS Code may keep the document for a while
        }
      }),
      window.onDidChangeVisibleTextEditors(() => {
        this.soon();
      }),
    );
  }

  add(text: string): void {
    this.held += text.replaceAll("\r", "");
    this.soon();
  }

  /** Throws away what was written: the answer starts again. */
  reset(): void {
    this.held = "";
    this.wiped = this.written || this.own !== undefined;
    this.soon();
  }

  /** Writes the rest. False where it could not. */
  async finish(): Promise<boolean> {
    clearTimeout(this.timer);
    for (let tries = 0; tries < TRIES && !this.gone && (this.held !== "" || this.wiped); tries++) {
      await this.writing;
      await this.flush(true);
    }
    await this.writing;
    return this.held === "" && !this.gone;
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.gone = true;
    this.listeners.dispose();
  }

  private soon(): void {
    if (this.timer === undefined && !this.gone && (this.held !== "" || this.wiped)) {
      this.timer = setTimeout(() => {
        this.timer = undefined;
        this.writing = this.writing.then(() => this.flush(false)).then(() => {
          this.soon();
        });
      }, BATCH);
    }
  }

  /** A hidden document has to wait, as only an editor can join steps of undo; `last`: it cannot wait any more. */
  private async flush(last: boolean): Promise<void> {
    const editor = window.visibleTextEditors.find(({ document }) => document === this.document);
    const text = this.document.eol === EndOfLine.CRLF ? this.held.replaceAll("\n", "\r\n") : this.held;
    if (this.gone || (editor === undefined && !last) || (text === "" && !this.wiped)) {
      return;
    }
    const from = this.wiped ? this.from : this.to;
    const edit: Edit = { from, length: this.to - from, text };
    const { held, wiped } = this;
    [this.own, this.held, this.wiped] = [edit, "", false];
    if (edit.length > 0 || text !== "") {
      await this.make(edit, editor).then(
        (done) => {
          this.made(done, held, wiped);
        },
        () => {
          this.made(false, held, wiped);
        },
      );
    }
    this.own = undefined;
  }

  private made(done: boolean, held: string, wiped: boolean): void {
    if (done) {
      this.edits++;
    } else if (this.document.isClosed) {
      this.giveUp();
    } else if (!this.wiped) {
      [this.held, this.wiped] = [held + this.held, wiped]; // the user was faster: once more
    }
  }

  private async make({ from, length, text }: Edit, editor: TextEditor | undefined): Promise<boolean> {
    const range = new Range(this.document.positionAt(from), this.document.positionAt(from + length));
    if (editor === undefined) {
      const edit = new WorkspaceEdit();
      edit.replace(this.document.uri, range, text);
      return workspace.applyEdit(edit);
    }
    return editor.edit(
      (builder) => {
        if (length === 0) {
          builder.insert(range.start, text); // takes a cursor that is there along
        } else {
          builder.replace(range, text);
        }
      },
      { undoStopBefore: !this.joins, undoStopAfter: false },
    );
  }

  private follow(change: TextDocumentContentChangeEvent): void {
    const { own } = this;
    if (own !== undefined && isOwn(change, own)) {
      this.to = own.from + own.text.length;
      this.written = this.to > this.from;
      this.joins = true;
      this.own = undefined;
      return;
    }
    this.joins = false;
    this.from = moved(this.from, change);
    this.to = moved(this.to, change);
    if (own !== undefined) {
      this.own = { ...own, from: moved(own.from, change) };
    }
    if (this.written && this.from === this.to) {
      this.giveUp();
    }
  }

  private giveUp(): void {
    if (!this.gone) {
      this.gone = true;
      this.lost();
    }
  }
}

/** VS Code leaves out what stays as it was, so a replacement may come as less. */
function isOwn({ rangeOffset, rangeLength, text }: TextDocumentContentChangeEvent, own: Edit): boolean {
  const inside = rangeOffset >= own.from && rangeOffset + rangeLength <= own.from + own.length;
  return own.length === 0 ? inside && text === own.text : inside && own.text.includes(text);
}

function shows({ input }: Tab, { uri }: TextDocument): boolean {
  return input instanceof TabInputText && input.uri.toString() === uri.toString();
}

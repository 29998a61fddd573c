/** A range of a document that goes along while the user types around it. */
import { type Disposable, Range, type TextDocument, type TextDocumentContentChangeEvent, workspace } from "vscode";

type Change = Pick<TextDocumentContentChangeEvent, "rangeOffset" | "rangeLength" | "text">;

/** Where an offset is after a change: what is typed right before it, or at it, moves it; what is deleted around it does not lose it. */
export function moved(offset: number, { rangeOffset, rangeLength, text }: Change): number {
  if (rangeOffset + rangeLength <= offset) {
    return offset + text.length - rangeLength;
  }
  return Math.min(offset, rangeOffset);
}

/** Ends at the start of a line that is not its own: what is typed there is not within it. */
export class Anchor implements Disposable {
  private readonly listener: Disposable;

  constructor(
    readonly document: TextDocument,
    private from: number,
    private to: number,
  ) {
    this.listener = workspace.onDidChangeTextDocument(({ document: changed, contentChanges }) => {
      if (changed === document) {
        for (const change of contentChanges) {
          this.follow(change);
        }
      }
    });
  }

  static of(document: TextDocument, range: Range): Anchor {
    return new Anchor(document, document.offsetAt(range.start), document.offsetAt(range.end));
  }

  get start(): number {
    return this.from;
  }

  get end(): number {
    return this.to;
  }

  get range(): Range {
    return new Range(this.document.positionAt(this.from), this.document.positionAt(this.to));
  }

  get text(): string {
    return this.document.getText(this.range);
  }

  dispose(): void {
    this.listener.dispose();
  }

  private follow(change: Change): void {
    const empty = this.from === this.to;
    const at = (offset: number) => change.rangeLength === 0 && change.rangeOffset === offset;
    const within = at(this.from) && !empty && !change.text.endsWith("\n"); // typed into the first line, not above it
    const start = within ? this.from : moved(this.from, change);
    const behind = change.rangeOffset >= this.to && !(empty && at(this.to));
    this.to = Math.max(start, behind ? this.to : moved(this.to, change));
    this.from = start;
  }
}

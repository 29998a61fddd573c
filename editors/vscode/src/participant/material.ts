/** What a question to @libria is about: what the user attached, else what is selected in the editor. */
import {
  type ChatRequest,
  type ChatResponseStream,
  type Diagnostic,
  languages,
  Location,
  Range,
  type TextDocument,
  Uri,
  window,
  workspace,
} from "vscode";
import { about } from "../commands/prompts";

const MOST = 60_000; // characters of one attachment: what a small model's context takes

export interface Material {
  /** For the model, a block each. */
  readonly blocks: readonly string[];
}

/** Says in the answer what was read; what cannot be read is left out and said too. */
export async function material(request: ChatRequest, stream: ChatResponseStream): Promise<Material> {
  const places = request.references.map(({ value }) => value);
  const blocks: string[] = [];
  for (const place of places) {
    if (typeof place === "string") {
      blocks.push(place.slice(0, MOST));
    } else if (place instanceof Uri || place instanceof Location) {
      blocks.push(...(await ofPlace(place, request.command, stream)));
    }
  }
  const editor = window.activeTextEditor;
  if (blocks.length === 0 && editor !== undefined && request.command !== undefined && request.command !== "commit") {
    const range = editor.selection.isEmpty ? whole(editor.document) : editor.selection;
    blocks.push(...(await ofPlace(new Location(editor.document.uri, range), request.command, stream)));
  }
  return { blocks };
}

async function ofPlace(
  place: Uri | Location,
  command: string | undefined,
  stream: ChatResponseStream,
): Promise<string[]> {
  const uri = place instanceof Uri ? place : place.uri;
  try {
    const document = await workspace.openTextDocument(uri);
    const range = limited(document, place instanceof Uri ? whole(document) : place.range);
    stream.reference(place);
    const words = command === "fix" ? faults(uri, range) : "";
    return [about(document, range, words).trim()];
  } catch {
    stream.markdown(`*${workspace.asRelativePath(uri)} cannot be read as text and is left out.*\n\n`);
    return [];
  }
}

function limited(document: TextDocument, range: Range): Range {
  const start = document.offsetAt(range.start);
  return new Range(range.start, document.positionAt(Math.min(document.offsetAt(range.end), start + MOST)));
}

function whole(document: TextDocument): Range {
  return new Range(document.positionAt(0), document.positionAt(Number.MAX_SAFE_INTEGER));
}

function faults(uri: Uri, range: Range): string {
  const found = languages.getDiagnostics(uri).filter((each) => each.range.intersection(range) !== undefined);
  return found.length === 0 ? "" : `What is reported:\n${found.map(line).join("\n")}`;
}

function line({ range, message, source }: Diagnostic): string {
  return `- line ${range.start.line + 1}: ${message}${source === undefined ? "" : ` (${source})`}`;
}

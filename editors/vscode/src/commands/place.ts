/** What a command is about: the selection, else the block around the cursor. The daemon knows the blocks. */
import { type Diagnostic, languages, Range, type TextEditor } from "vscode";
import type { CodeAction } from "vscode-languageclient";
import type { Daemon } from "../daemon";
import type { EditArguments } from "../protocol";

/** The argument of the daemon's code action of this kind, with what diagnostics say of its lines. Throws a sentence where there is none. */
export async function place(daemon: Daemon, editor: TextEditor, kind: string): Promise<EditArguments> {
  const { document, selection } = editor;
  await daemon.ready();
  const convert = daemon.client?.code2ProtocolConverter;
  const found = await daemon.send<CodeAction[] | null>("textDocument/codeAction", {
    textDocument: { uri: convert?.asUri(document.uri) ?? document.uri.toString() },
    range: plain(selection),
    context: { diagnostics: [], only: [kind], triggerKind: 1 },
  });
  const argument = found?.[0]?.command?.arguments?.[0] as EditArguments | undefined;
  if (argument === undefined) {
    throw new Error("Libria reads files and unsaved documents of up to 4 MB; this is neither.");
  }
  const problems = languages.getDiagnostics(document.uri).filter((one) => isWithin(one, rangeOf(argument)));
  return { ...argument, diagnostics: (await convert?.asDiagnostics(problems)) ?? [] };
}

export function rangeOf({ range: { start, end } }: EditArguments): Range {
  return new Range(start.line, start.character, end.line, end.character);
}

function isWithin({ range }: Diagnostic, lines: Range): boolean {
  return lines.start.isBeforeOrEqual(range.start) && range.start.isBefore(lines.end);
}

function plain({ start, end }: Range) {
  return {
    start: { line: start.line, character: start.character },
    end: { line: end.line, character: end.character },
  };
}

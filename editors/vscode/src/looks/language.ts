/** Two items in the language status: who answers, and whether suggestions come in this language. */
import { type Disposable, languages, LanguageStatusSeverity } from "vscode";
import type { InlineState } from "../inline";
import type { Kind, Look } from "./look";

const FILES = [{ scheme: "file" }, { scheme: "untitled" }, { scheme: "vscode-remote" }];
const SEVERITY = {
  off: LanguageStatusSeverity.Information,
  starting: LanguageStatusSeverity.Information,
  idle: LanguageStatusSeverity.Information,
  busy: LanguageStatusSeverity.Information,
  throttled: LanguageStatusSeverity.Warning,
  broken: LanguageStatusSeverity.Error,
} as const;

const ILL: readonly Kind[] = ["throttled", "broken"];
const TEXTS = {
  on: "Libria suggests while you type",
  off: "No suggestions",
  noModel: "No model for suggestions",
  failing: "Suggestions fail",
} as const;

export class LanguageStatus implements Disposable {
  private readonly model = languages.createLanguageStatusItem("libria.model", FILES);
  private readonly suggestions = languages.createLanguageStatusItem("libria.suggestions", FILES);

  constructor() {
    this.model.name = "Libria";
    this.model.command = { title: "Change", command: "libria.pickModel", tooltip: "Pick the model that Libria asks" };
    this.suggestions.name = "Libria Suggestions";
  }

  show(look: Look, { state, why }: InlineState): void {
    this.model.text = look.text.replace(/\$\([^)]*\)/g, "").trim();
    this.model.detail = (ILL.includes(look.kind) ? look.sentences[0] : undefined) ?? detail(look);
    this.model.severity = SEVERITY[look.kind];
    this.model.busy = look.kind === "busy" || look.kind === "starting";
    this.model.accessibilityInformation = { label: look.says };
    this.suggestions.text = TEXTS[state];
    this.suggestions.detail = why;
    this.suggestions.severity =
      state === "failing" ? LanguageStatusSeverity.Warning : LanguageStatusSeverity.Information;
    this.suggestions.command = {
      title: state === "off" ? "Turn On" : "Turn Off",
      command: "libria.toggleInlineCompletion",
    };
  }

  dispose(): void {
    this.model.dispose();
    this.suggestions.dispose();
  }
}

function detail({ rows }: Look): string {
  const said = new Map(rows);
  return (
    ["Today", "Last answer"].map((name) => said.get(name)).find((value) => value !== undefined && value !== "") ?? ""
  );
}

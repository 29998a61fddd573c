/** What VS Code's message parts say. */
import {
  LanguageModelDataPart,
  LanguageModelPromptTsxPart,
  LanguageModelTextPart,
  LanguageModelToolCallPart,
  LanguageModelToolResultPart,
} from "vscode";

const READABLE = /^(text\/|application\/(json|xml|.*\+json|.*\+xml)$)/;

/** The text of any part; empty for what is none: images, marks of other extensions, thinking. */
export function partText(part: unknown): string {
  if (part instanceof LanguageModelTextPart) {
    return part.value;
  }
  if (part instanceof LanguageModelDataPart) {
    return READABLE.test(part.mimeType) ? new TextDecoder().decode(part.data) : "";
  }
  if (part instanceof LanguageModelToolCallPart) {
    return part.name + JSON.stringify(part.input);
  }
  if (part instanceof LanguageModelToolResultPart) {
    return part.content.map(partText).join("\n");
  }
  if (part instanceof LanguageModelPromptTsxPart) {
    return tsxText(part.value);
  }
  return "";
}

/** The texts in the tree of @vscode/prompt-tsx's JSON: nodes have `children`, leaves have `text`. */
function tsxText(node: unknown): string {
  if (typeof node !== "object" || node === null) {
    return typeof node === "string" ? node : "";
  }
  const { node: root, children, text } = node as { node?: unknown; children?: unknown; text?: unknown };
  if (typeof text === "string") {
    return text;
  }
  return Array.isArray(children) ? children.map(tsxText).join("") : tsxText(root);
}

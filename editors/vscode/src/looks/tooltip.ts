/** A look as the tooltip's Markdown; what comes from servers is text in it and nothing else. */
import { MarkdownString } from "vscode";
import type { Look } from "./look";

const LINKS = [
  ["Pick model", "libria.pickModel"],
  ["Dashboard", "libria.openDashboard"],
  ["Suggestions on/off", "libria.toggleInlineCompletion"],
  ["Set key", "libria.setKey"],
  ["Restart", "libria.restartDaemon"],
  ["Log", "libria.openLog"],
] as const;

export function tooltip({ rows, sentences }: Look): MarkdownString {
  const markdown = new MarkdownString(undefined, true);
  markdown.isTrusted = { enabledCommands: LINKS.map(([, command]) => command) };
  markdown.appendMarkdown("**Libria**\n\n");
  for (const sentence of sentences) {
    markdown.appendMarkdown(`$(warning) ${escaped(sentence)}\n\n`);
  }
  markdown.appendMarkdown(`| | |\n|:--|:--|\n`);
  for (const [name, value] of rows) {
    markdown.appendMarkdown(`| ${escaped(name)} | ${escaped(value)} |\n`);
  }
  markdown.appendMarkdown(`\n---\n\n${LINKS.map(([title, command]) => `[${title}](command:${command})`).join(" · ")}`);
  return markdown;
}

function escaped(text: string): string {
  return text.replace(/\s+/g, " ").replace(/[\\`*_{}[\]()#+\-.!|<>~$&]/g, "\\$&");
}

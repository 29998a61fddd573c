/** The daemon's models as VS Code lists them. */
import type { LanguageModelChatInformation } from "vscode";
import type { ModelResult } from "../protocol";

const CONTEXT = 128_000; // tokens, where nobody says
const OUTPUT = 16_000;

/** Those that chat, or of which nothing is known; aliases first. */
export function information(models: readonly ModelResult[]): LanguageModelChatInformation[] {
  const chatting = models.filter(({ capabilities }) => isAlias(capabilities) || chats(capabilities));
  const aliases = chatting.filter(({ capabilities }) => isAlias(capabilities));
  return [...aliases, ...chatting.filter((model) => !aliases.includes(model))].map(one);
}

function one({ id, provider, capabilities, contextWindow, price }: ModelResult): LanguageModelChatInformation {
  const context = contextWindow ?? CONTEXT;
  const output = Math.min(OUTPUT, Math.floor(context / 4));
  const unknown = isAlias(capabilities) || capabilities.length === 0;
  const cost = price && `$${price.input} in, $${price.output} out for a million tokens`;
  return {
    id,
    name: id,
    family: isAlias(capabilities) ? id : id.slice(id.indexOf("/") + 1),
    version: "1",
    detail: isAlias(capabilities) ? "alias" : provider,
    tooltip: ["Libria", isAlias(capabilities) ? `alias, first ${provider}` : provider, cost].filter(Boolean).join(" · "),
    maxInputTokens: context - output,
    maxOutputTokens: output,
    capabilities: {
      toolCalling: unknown || capabilities.includes("tools"),
      imageInput: unknown || capabilities.includes("vision"),
    },
  };
}

function isAlias(capabilities: readonly string[]): boolean {
  return capabilities.includes("alias");
}

function chats(capabilities: readonly string[]): boolean {
  return capabilities.length === 0 || capabilities.includes("chat");
}

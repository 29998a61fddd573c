/** VS Code's chat messages and tools as the daemon's. */
import {
  LanguageModelChatMessageRole,
  type LanguageModelChatRequestMessage,
  type LanguageModelChatTool,
  LanguageModelChatToolMode,
  LanguageModelDataPart,
  LanguageModelTextPart,
  LanguageModelToolCallPart,
  LanguageModelToolResultPart,
  type ProvideLanguageModelChatResponseOptions,
} from "vscode";
import type { ChatParams, FilePart, ImagePart, MessageParam, TextPart, ToolCallParam, ToolParam } from "../protocol";
import type { Memory } from "./memory";
import { partText } from "./parts";

/** Said where an answer broke off and starts again; what is before it in a message was never meant. */
export const AGAIN = "\n\n---\n\n*The answer broke off there and starts again:*\n\n";

const SYSTEM = 3; // LanguageModelChatMessageRole.System, which VS Code's own agent uses and the stable API does not name

export function messagesOf(given: readonly LanguageModelChatRequestMessage[], memory: Memory): MessageParam[] {
  return given.flatMap((message) =>
    message.role === LanguageModelChatMessageRole.Assistant
      ? assistant(message, memory)
      : asked(message, (message.role as number) === SYSTEM ? "system" : "user"),
  );
}

export function toolsOf(options: ProvideLanguageModelChatResponseOptions): Pick<ChatParams, "tools" | "toolChoice"> {
  const tools = (options.tools ?? []).map(tool);
  if (tools.length === 0) {
    return {};
  }
  return options.toolMode === LanguageModelChatToolMode.Required ? { tools, toolChoice: "required" } : { tools };
}

function tool({ name, description, inputSchema }: LanguageModelChatTool): ToolParam {
  return { name, description, parameters: { type: "object", properties: {}, ...inputSchema } };
}

function assistant(message: LanguageModelChatRequestMessage, memory: Memory): MessageParam[] {
  const toolCalls = message.content.filter((part) => part instanceof LanguageModelToolCallPart).map(toolCall);
  const text = message.content.filter((part) => part instanceof LanguageModelTextPart).map(partText).join("");
  const content = text.slice(text.lastIndexOf(AGAIN) === -1 ? 0 : text.lastIndexOf(AGAIN) + AGAIN.length);
  if (toolCalls.length > 0) {
    return [memory.recall({ role: "assistant", content, toolCalls })];
  }
  return content === "" ? [] : [{ role: "assistant", content }];
}

function toolCall(part: LanguageModelToolCallPart): ToolCallParam {
  return { id: part.callId, name: part.name, arguments: part.input as Record<string, unknown> };
}

/** The tools' results come first: providers want them right behind the calls. Images of theirs follow as the user's. */
function asked(message: LanguageModelChatRequestMessage, role: "system" | "user"): MessageParam[] {
  const results: MessageParam[] = [];
  const content: (TextPart | ImagePart | FilePart)[] = [];
  for (const part of message.content) {
    if (part instanceof LanguageModelToolResultPart) {
      results.push({ role: "tool", toolCallId: part.callId, content: partText(part) });
      content.push(...part.content.flatMap(media));
    } else {
      content.push(...said(part));
    }
  }
  if (content.length === 0) {
    return results;
  }
  const texts = content.map((part) => (part.type === "text" ? part.text : undefined));
  const plain = texts.every((text) => text !== undefined);
  return [...results, { role, content: plain ? texts.join("\n") : content }];
}

function said(part: unknown): (TextPart | ImagePart | FilePart)[] {
  const text = partText(part);
  return text === "" ? media(part) : [{ type: "text", text }];
}

function media(part: unknown): (ImagePart | FilePart)[] {
  if (!(part instanceof LanguageModelDataPart)) {
    return [];
  }
  const data = Buffer.from(part.data).toString("base64");
  if (part.mimeType.startsWith("image/")) {
    return [{ type: "image", data, mediaType: part.mimeType }];
  }
  return part.mimeType === "application/pdf" ? [{ type: "file", data, mediaType: part.mimeType }] : [];
}

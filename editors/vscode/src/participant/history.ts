/** What was said to @libria before, as messages. */
import {
  type ChatContext,
  ChatRequestTurn,
  ChatResponseMarkdownPart,
  ChatResponseTurn,
  type MarkdownString,
} from "vscode";
import { AGAIN } from "../chat/messages";
import type { MessageParam } from "../protocol";
import { asked } from "./tasks";

export function history(context: ChatContext): MessageParam[] {
  return context.history.flatMap((turn): MessageParam[] => {
    if (turn instanceof ChatRequestTurn) {
      return [{ role: "user", content: asked(turn.command, turn.prompt, []) }];
    }
    const content = turn instanceof ChatResponseTurn ? text(turn) : "";
    return content === "" ? [] : [{ role: "assistant", content }];
  });
}

function text(turn: ChatResponseTurn): string {
  const parts = turn.response.filter((part) => part instanceof ChatResponseMarkdownPart);
  const whole = parts.map((part) => (part.value as MarkdownString | string)).map(plain).join("");
  return whole.split(AGAIN).at(-1) ?? "";
}

function plain(value: MarkdownString | string): string {
  return typeof value === "string" ? value : value.value;
}

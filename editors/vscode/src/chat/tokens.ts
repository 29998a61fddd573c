/** Tokens as the daemon estimates them where no provider counts; chats ask for hundreds of counts a turn, so nobody is asked. */
import { LanguageModelDataPart, type LanguageModelChatRequestMessage } from "vscode";
import { partText } from "./parts";

const BYTES_PER_TOKEN = 4;
const MESSAGE_TOKENS = 4; // around each message
const PART_TOKENS = 1000; // an image, whose size on the wire says little

export function estimate(text: string | LanguageModelChatRequestMessage): number {
  if (typeof text === "string") {
    return ofText(text);
  }
  return text.content.reduce<number>(
    (sum, part) => sum + (isMedia(part) ? PART_TOKENS : ofText(partText(part))),
    MESSAGE_TOKENS,
  );
}

function ofText(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN);
}

function isMedia(part: unknown): boolean {
  return part instanceof LanguageModelDataPart && /^(image|audio|application\/pdf)/.test(part.mimeType);
}

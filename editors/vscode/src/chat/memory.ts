/** Assistant's messages kept whole, as VS Code gives back only the parts of them that it knows. */
import type { MessageParam, MessageResult, ToolCallParam } from "../protocol";

const MOST_BYTES = 16 * 1024 * 1024;

/**
 * Thinking signatures and the like are wanted back in the loop of a tool's calls, so messages are known by their calls.
 * The oldest are forgotten first; a provider that is then without them is asked without.
 */
export class Memory {
  private readonly kept = new Map<string, { message: MessageResult; bytes: number }>();
  private bytes = 0;

  keep(message: MessageResult): void {
    if (message.opaque === undefined || message.toolCalls === undefined || message.toolCalls.length === 0) {
      return;
    }
    const key = keyOf(message.toolCalls);
    this.forget(key);
    const bytes = JSON.stringify(message).length;
    this.kept.set(key, { message, bytes });
    this.bytes += bytes;
    for (const oldest of this.kept.keys()) {
      if (this.bytes <= MOST_BYTES) {
        break;
      }
      this.forget(oldest);
    }
  }

  /** The message as it was said, where it is known; else as VS Code tells it. */
  recall(message: MessageParam): MessageParam {
    const known = message.toolCalls && this.kept.get(keyOf(message.toolCalls))?.message;
    return known === undefined ? message : (known as MessageParam);
  }

  private forget(key: string): void {
    this.bytes -= this.kept.get(key)?.bytes ?? 0;
    this.kept.delete(key);
  }
}

/** With the arguments, as some providers number their calls anew in each turn. */
function keyOf(calls: readonly ToolCallParam[]): string {
  return JSON.stringify(calls.map((call) => [call.id, call.name, call.arguments]));
}

/** A streamed answer as the parts that VS Code shows. */
import * as vscode from "vscode";
import type { ChatResult, Progress } from "../protocol";
import { Batches } from "./batches";
import { AGAIN } from "./messages";

type ResponsePart = vscode.LanguageModelResponsePart;
type ThinkingPart = new (text: string, id?: string, metadata?: Record<string, unknown>) => ResponsePart;

/** Of every VS Code that the extension runs in, though its types do not say so. */
const Thinking = (vscode as { LanguageModelThinkingPart?: ThinkingPart }).LanguageModelThinkingPart;

/** Reports text as it comes; the tools' calls at the end, when they are whole. */
export class Answer {
  private said = false;
  private stretches = 0; // of thinking
  private thinking = false; // within one
  private readonly text = new Batches((text) => {
    this.said = true;
    this.report(new vscode.LanguageModelTextPart(text));
  });
  private readonly thought = new Batches((text) => {
    this.think(text);
  });

  constructor(private readonly report: (part: ResponsePart) => void) {}

  on(value: Progress): void {
    if (value.kind === "delta") {
      this.endThought();
      this.text.add(value.text);
    } else if (value.kind === "reasoning") {
      this.text.flush();
      this.thought.add(value.text);
    } else if (value.kind === "reset") {
      this.reset();
    }
  }

  end(result: ChatResult): void {
    this.flush();
    for (const call of result.toolCalls) {
      this.report(new vscode.LanguageModelToolCallPart(call.id, call.name, call.arguments));
    }
    this.report(vscode.LanguageModelDataPart.json(usage(result), "usage"));
  }

  /** What has come is shown also of an answer that fails. */
  flush(): void {
    this.endThought();
    this.text.flush();
  }

  /** What was shown cannot be taken back: it is said that it does not count. */
  private reset(): void {
    this.text.drop();
    this.thought.drop();
    this.endThought();
    if (this.said) {
      this.said = false;
      this.report(new vscode.LanguageModelTextPart(AGAIN));
    }
  }

  private think(text: string): void {
    if (Thinking !== undefined) {
      this.stretches += this.thinking ? 0 : 1;
      this.thinking = true;
      this.report(new Thinking(text, `thinking-${this.stretches}`));
    }
  }

  private endThought(): void {
    this.thought.flush();
    if (this.thinking && Thinking !== undefined) {
      this.thinking = false;
      this.report(new Thinking("", "", { vscode_reasoning_done: true }));
    }
  }
}

/** As VS Code reads it, in the words of OpenAI's API. */
function usage({ usage: { inputTokens, outputTokens, cachedInputTokens, reasoningTokens } }: ChatResult): object {
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    prompt_tokens_details: { cached_tokens: cachedInputTokens ?? 0 },
    completion_tokens_details: { reasoning_tokens: reasoningTokens ?? 0 },
  };
}

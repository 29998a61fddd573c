/** What other extensions set for a request, under the names that are usual. */
import type { ChatParams } from "../protocol";

type Settings = Pick<ChatParams, "temperature" | "topP" | "maxTokens" | "seed" | "stop">;

const NUMBERS: Record<string, "temperature" | "topP" | "maxTokens" | "seed"> = {
  temperature: "temperature",
  topP: "topP",
  top_p: "topP",
  maxTokens: "maxTokens",
  max_tokens: "maxTokens",
  max_completion_tokens: "maxTokens",
  seed: "seed",
};

/** What is not known is left out: VS Code adds options of its own. */
export function settingsOf(options: Readonly<Record<string, unknown>> | undefined): Settings {
  const settings: Settings = {};
  for (const [name, value] of Object.entries(options ?? {})) {
    const known = NUMBERS[name];
    if (known !== undefined && typeof value === "number") {
      settings[known] = value;
    } else if (name === "stop" && (typeof value === "string" || isTexts(value))) {
      settings.stop = value;
    }
  }
  return settings;
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}

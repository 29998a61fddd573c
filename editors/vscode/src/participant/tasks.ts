/** The commands of @libria: what the model is asked, and what may come next. */
import type { ChatFollowup } from "vscode";
import * as prompts from "../commands/prompts";

export type Command = "explain" | "fix" | "tests" | "commit";

interface Task {
  readonly system: string;
  readonly words: string;
  readonly next: readonly ChatFollowup[];
}

const TALKS =
  "You help a programmer in an editor. Answer in Markdown, code in fenced blocks that name their language. " +
  "Be short: the code first, then only what cannot be seen from it.";

const EXPLAIN: ChatFollowup = { prompt: "", command: "explain", label: "Explain it" };
const FIX: ChatFollowup = { prompt: "", command: "fix", label: "Look for faults" };
const TESTS: ChatFollowup = { prompt: "", command: "tests", label: "Write tests" };

const TASKS: Record<Command, Task> = {
  explain: {
    system: `${TALKS} Explain what the code does and why, the purpose before the details.`,
    words: prompts.EXPLAIN,
    next: [FIX, TESTS],
  },
  fix: {
    system: `${TALKS} Find what is wrong with the code, say its cause in a sentence and give the corrected code.`,
    words: "Find and correct what is wrong with this.",
    next: [TESTS, EXPLAIN],
  },
  tests: {
    system: `${TALKS} Write tests in the language's usual framework: what is promised, the edges, the errors.`,
    words: "Write tests for this.",
    next: [FIX],
  },
  commit: { system: prompts.COMMIT, words: "", next: [] },
};

export function system(command: string | undefined): string {
  return task(command)?.system ?? TALKS;
}

/** The question as the model sees it. */
export function asked(command: string | undefined, prompt: string, blocks: readonly string[]): string {
  const words = prompt.trim() === "" ? (task(command)?.words ?? "") : prompt;
  return [words, ...blocks].filter((part) => part !== "").join("\n\n");
}

export function followups(command: string | undefined): ChatFollowup[] {
  return [...(task(command)?.next ?? [])];
}

function task(command: string | undefined): Task | undefined {
  return command !== undefined && command in TASKS ? TASKS[command as Command] : undefined;
}

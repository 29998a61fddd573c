/** Text by a model at the cursor, as it comes. */
import { type TextEditor } from "vscode";
import type { Daemon } from "../daemon";
import type { Progress } from "../protocol";
import { type Jobs, waiting } from "./jobs";
import * as prompts from "./prompts";
import { chosenModel } from "./settings";
import { Unfence } from "./unfence";
import { Writer } from "./writer";

export class Inserts {
  constructor(
    private readonly daemon: Daemon,
    private readonly jobs: Jobs,
  ) {}

  async at({ document, selection }: TextEditor, words: string): Promise<void> {
    const offset = document.offsetAt(selection.active);
    const content = prompts.insert(document, offset, words);
    await this.jobs.run("Insert", async (job) => {
      const writer = new Writer(document, offset, job.cancel);
      let unfence = new Unfence();
      const on = (value: Progress) => {
        if (value.kind === "delta") {
          writer.add(unfence.add(value.text));
          job.say("Esc cancels");
        } else if (value.kind === "reset") {
          writer.reset();
          unfence = new Unfence();
        }
        const why = waiting(value);
        if (why !== undefined) {
          job.say(why);
        }
      };
      try {
        const asked = { ...chosenModel(), system: prompts.WRITES, messages: [{ role: "user" as const, content }] };
        await this.daemon.stream("libria/chat", asked, { on, token: job.token });
        writer.add(unfence.finish());
      } finally {
        await writer.finish(); // what came before a cancel or an error stays, as one step of undo
        writer.dispose();
      }
    });
  }
}

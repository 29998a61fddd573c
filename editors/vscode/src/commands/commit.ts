/** The message of a commit, into the box of the source control view as it comes. */
import { type SourceControl, Uri, window, workspace } from "vscode";
import type { Daemon } from "../daemon";
import type { Progress } from "../protocol";
import { git, type Repository } from "./git";
import { type Job, type Jobs, waiting } from "./jobs";
import * as prompts from "./prompts";
import { chosenModel } from "./settings";
import { Unfence } from "./unfence";

const BATCH = 50; // milliseconds

export class Commits {
  constructor(
    private readonly daemon: Daemon,
    private readonly jobs: Jobs,
  ) {}

  /** `control` is that of the view from which it was called. */
  async message(control?: SourceControl): Promise<void> {
    const repository = await chosen(control?.rootUri);
    if (repository === undefined) {
      return;
    }
    const diff = (await repository.diff(true)) || (await repository.diff(false)); // as VS Code commits, too
    if (diff === "") {
      void window.showInformationMessage("There is no change to describe; new files have to be staged first.");
      return;
    }
    const { inputBox } = repository;
    await this.jobs.run(
      "Commit Message",
      (job) => this.write(job, inputBox, diff),
      () => this.message(control),
    );
  }

  private async write(job: Job, box: Repository["inputBox"], diff: string): Promise<void> {
    const typed = box.value;
    let unfence = new Unfence();
    let text = "";
    let shownAt = 0;
    let theirs = false as boolean; // the user writes it
    const shown = new Set([typed]); // VS Code tells the box's value late: it may be one of those before
    const show = (what: string) => {
      if (!shown.has(box.value)) {
        theirs = true;
        job.cancel();
        return;
      }
      shown.add(what);
      box.value = what;
      shownAt = Date.now();
    };
    const on = (value: Progress) => {
      if (value.kind === "delta") {
        text += unfence.add(value.text);
        if (Date.now() - shownAt >= BATCH) {
          show(text.trimStart());
        }
      } else if (value.kind === "reset") {
        [text, unfence] = ["", new Unfence()];
      }
      const why = waiting(value);
      if (why !== undefined) {
        job.say(why);
      }
    };
    const messages = [{ role: "user" as const, content: prompts.commit(diff, typed.trim()) }];
    const asked = { ...chosenModel(), system: prompts.COMMIT, messages };
    try {
      await this.daemon.stream("libria/chat", asked, { on, token: job.token });
      show((text + unfence.finish()).trim());
    } catch (error) {
      if (!theirs && shown.has(box.value)) {
        box.value = typed;
      }
      throw error;
    }
  }
}

/** Where the view, the editor or the user says. */
async function chosen(root: Uri | undefined): Promise<Repository | undefined> {
  const api = await git();
  const here = root ?? window.activeTextEditor?.document.uri;
  const found = here && api.getRepository(here);
  if (found) {
    return found;
  }
  if (api.repositories.length < 2) {
    const [only] = api.repositories;
    if (only === undefined) {
      throw new Error("There is no Git repository in this workspace.");
    }
    return only;
  }
  const items = api.repositories.map((repository) => ({
    label: workspace.asRelativePath(repository.rootUri),
    repository,
  }));
  const picked = await window.showQuickPick(items, { placeHolder: "Which repository?" });
  return picked?.repository;
}

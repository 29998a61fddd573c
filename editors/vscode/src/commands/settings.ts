/** What the user has set for the commands. */
import { ConfigurationTarget, workspace } from "vscode";

/** `{}` where the daemon decides. */
export function chosenModel(): { model?: string } {
  const model = workspace.getConfiguration("libria").get<string>("model", "").trim();
  return model === "" ? {} : { model };
}

/** Where the setting is effective: in the workspace if it is set there. */
export async function chooseModel(model: string): Promise<void> {
  const settings = workspace.getConfiguration("libria");
  const inWorkspace = settings.inspect("model")?.workspaceValue !== undefined;
  const target = inWorkspace ? ConfigurationTarget.Workspace : ConfigurationTarget.Global;
  await settings.update("model", model === "" ? undefined : model, target);
}

/** The command that lets VS Code's own chat run on Libria's models with nobody signed in. */
import { commands, type Disposable, extensions, type LogOutputChannel, lm } from "vscode";
import { chosenModel } from "../commands/settings";
import { errorData, showError } from "../errors";

/** The built-in extension that VS Code's chat and agents are; it is off until somebody signs in or opens the list of models. */
const CHAT = "GitHub.copilot-chat";

export function registerJoin(log: LogOutputChannel): Disposable {
  return commands.registerCommand("libria.useInChat", () => useInChat(log));
}

/** Does what a user would in "Manage Language Models", then opens the chat on a model of Libria's. */
async function useInChat(log: LogOutputChannel): Promise<void> {
  try {
    const models = await lm.selectChatModels({ vendor: "libria" });
    const { model } = chosenModel();
    const first = models.find(({ id }) => id === model) ?? models[0];
    if (first === undefined) {
      throw new Error("Libria has no models yet; set a provider's key, or start a local server such as Ollama.");
    }
    await addProvider(log);
    if (extensions.getExtension(CHAT) === undefined) {
      await switchOn();
    }
    await commands.executeCommand("workbench.action.chat.open", {
      mode: "agent",
      modelSelector: { vendor: "libria", id: first.id },
    });
  } catch (error) {
    await showError(error, errorData(error) === undefined ? undefined : () => useInChat(log));
  }
}

async function addProvider(log: LogOutputChannel): Promise<void> {
  try {
    await commands.executeCommand("lm.addLanguageModelsProviderGroup", { vendor: "libria", name: "Libria" });
  } catch (error) {
    // It is there already, or this VS Code keeps no such list.
    log.debug(`Not added to VS Code's model providers: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Opening the list of models enables the chat; there is no other way to say it. */
async function switchOn(): Promise<void> {
  const enabled = new Promise<void>((resolve) => {
    const listener = extensions.onDidChange(() => {
      if (extensions.getExtension(CHAT) !== undefined) {
        listener.dispose();
        resolve();
      }
    });
    setTimeout(() => {
      listener.dispose();
      resolve(); // a VS Code without it: its chat says itself what it wants
    }, 20_000);
  });
  await commands.executeCommand("workbench.action.chat.manage");
  await enabled;
  await commands.executeCommand("workbench.action.closeActiveEditor");
}

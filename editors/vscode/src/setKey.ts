/** Asks for a provider's key, keeps it in the secret storage, and sees whether the provider takes it. */
import {
  commands,
  type ExtensionContext,
  ProgressLocation,
  type QuickInputButton,
  type QuickPickItem,
  ThemeIcon,
  window,
} from "vscode";
import { showError } from "./errors";
import { removeKey, storedVariables, storeKey } from "./keys";
import type { Parts } from "./parts";
import { type Provider, providers } from "./providers";

const REMOVE: QuickInputButton = { iconPath: new ThemeIcon("trash"), tooltip: "Remove this key from VS Code" };

interface Item extends QuickPickItem {
  readonly provider: Provider;
}

/** The whole conversation; true where a key is set that the provider did not refuse. */
export async function setKey(parts: Parts, name?: string): Promise<boolean> {
  try {
    const known = await Promise.resolve(
      window.withProgress({ location: ProgressLocation.Window, title: "Libria: looking at providers" }, () =>
        providers(parts.context),
      ),
    );
    const provider = known.find((each) => each.name === name) ?? (await pick(parts, known));
    if (provider === undefined) {
      return false;
    }
    const key = await ask(provider);
    return key !== undefined && (await keep(parts, provider, key));
  } catch (error) {
    await showError(error, () => setKey(parts, name));
    return false;
  }
}

async function pick(parts: Parts, known: readonly Provider[]): Promise<Provider | undefined> {
  const stored = await storedVariables(parts.context);
  const picker = window.createQuickPick<Item>();
  picker.title = "Set a provider’s key";
  picker.placeholder = "Whose key?";
  picker.matchOnDescription = true;
  picker.items = known.map((provider) => item(provider, stored.includes(provider.variable)));
  return new Promise((resolve) => {
    picker.onDidTriggerItemButton(({ item: { provider } }) => {
      picker.hide();
      void forget(parts, provider);
    });
    picker.onDidAccept(() => {
      resolve(picker.selectedItems[0]?.provider);
      picker.hide();
    });
    picker.onDidHide(() => {
      resolve(undefined);
      picker.dispose();
    });
    picker.show();
  });
}

function item(provider: Provider, stored: boolean): Item {
  const { title, variable, source, fault } = provider;
  const where = stored ? "$(check) key kept in VS Code" : source === undefined ? "" : `$(check) ${source} is set`;
  const made: Item = { label: title, description: where || variable, provider, buttons: stored ? [REMOVE] : [] };
  return fault === undefined ? made : { ...made, detail: `$(info) ${fault}` };
}

async function ask({ title, variable }: Provider): Promise<string | undefined> {
  const key = await window.showInputBox({
    title: `Key for ${title}`,
    prompt: `Kept in VS Code’s secret storage and handed to libria as ${variable}; never written to settings or logs.`,
    placeHolder: "Paste the key",
    password: true,
    ignoreFocusOut: true,
    validateInput: (value) => (/\s/.test(value.trim()) ? "A key has no spaces or line breaks in it." : undefined),
  });
  return key?.trim() === "" ? undefined : key?.trim();
}

async function keep(parts: Parts, provider: Provider, key: string): Promise<boolean> {
  const { context, daemon } = parts;
  await storeKey(context, provider.variable, key);
  const shown = { location: ProgressLocation.Notification, title: `Libria: asking ${provider.title} about the key…` };
  const { models, problems } = await Promise.resolve(
    window.withProgress(shown, async () => {
      await daemon.restart();
      return daemon.request("libria/models", { provider: provider.name, refresh: true });
    }),
  );
  const problem = problems[0];
  if (problem === undefined) {
    void said(provider, models.length);
    return true;
  }
  if (problem.kind === "credentialRejected" || problem.kind === "permissionDenied") {
    void refused(parts, provider, problem.message);
    return false;
  }
  void window.showWarningMessage(`The key is kept, but could not be tried: ${problem.message}`);
  return true;
}

async function said({ title }: Provider, models: number): Promise<void> {
  const pickModel = "Pick a Model";
  const count = models === 1 ? "one model" : `${models} models`;
  if (
    (await window.showInformationMessage(`${title} takes the key: ${count} to choose from.`, pickModel)) === pickModel
  ) {
    await commands.executeCommand("libria.pickModel");
  }
}

async function refused(parts: Parts, provider: Provider, message: string): Promise<void> {
  const again = "Enter Again";
  const remove = "Remove It";
  const chosen = await window.showErrorMessage(message, again, remove);
  if (chosen === again) {
    await setKey(parts, provider.name);
  } else if (chosen === remove) {
    await forget(parts, provider);
  }
}

async function forget({ context, daemon }: Parts, { title, variable }: Provider): Promise<void> {
  await removeKey(context, variable);
  await daemon.restart();
  void window.showInformationMessage(`The key for ${title} is no longer kept in VS Code.`);
}

/** Whether a key is kept in VS Code for any provider. */
export async function hasKey(context: ExtensionContext): Promise<boolean> {
  return (await storedVariables(context)).length > 0;
}

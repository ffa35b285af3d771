import type { SiteClient } from "../client/index.ts";
import { connectEmailAddress } from "./email-address.ts";
import { connectClose, onSubmit, showDone, showProblem } from "./forms.ts";
import { connectOwnPicture } from "./own-picture.ts";
import type { Pictures } from "./pictures.ts";
import { connectSessions } from "./sessions.ts";
import { element, onClick } from "./view.ts";

export interface AccountOptions {
  readonly client: SiteClient;
  readonly pictures: Pictures;
  /** Called when the user has signed out or removed the account, with a notice or an empty text. */
  readonly onLeft: (notice: string) => void;
}

/**
 * Connects the account dialog: signing out, name, picture, e-mail address, password, sessions, removal. Returns a
 * function that opens it.
 */
export function connectAccount({ client, pictures, onLeft }: AccountOptions): () => void {
  const dialog = element("account", HTMLDialogElement);
  const forms = dialog.querySelectorAll("form");
  const showName = connectName(client);
  const showPicture = connectOwnPicture(client, pictures);
  const showAddress = connectEmailAddress(client);
  const showSessions = connectSessions(client);
  connectPassword(client, showSessions);
  onSubmit(element("remove", HTMLFormElement), async (values) => {
    await client.removeAccount(values("password"));
    onLeft("Your account has been removed.");
  });
  connectLogout(client, onLeft);
  connectClose(dialog);
  dialog.addEventListener("close", () => {
    element("logout-problem", HTMLElement).hidden = true;
    for (const form of forms) {
      form.reset();
      showProblem(form, "");
    }
  });
  const open = () => {
    for (const form of forms) showDone(form, "");
    showName();
    showPicture();
    showAddress();
    void showSessions();
    dialog.showModal();
  };
  onClick("account-open", open);
  return open;
}

/** Connects the form for the user's name. Returns a function that shows the name. */
function connectName(client: SiteClient): () => void {
  const form = element("rename", HTMLFormElement);
  const name = element("rename-name", HTMLInputElement);
  onSubmit(form, async (values) => {
    await client.rename(values("name").trim());
    name.defaultValue = client.user?.name ?? "";
    showDone(form, "Your name is changed.");
  });
  return () => {
    name.defaultValue = client.user?.name ?? "";
    form.reset();
  };
}

/** Connects the form for a new password. `onDone` is called when the user's other sessions have ended. */
function connectPassword(client: SiteClient, onDone: () => Promise<void>): void {
  const form = element("password", HTMLFormElement);
  onSubmit(form, async (values) => {
    const change = { password: values("password"), newPassword: values("newPassword") };
    await client.request("POST /api/auth/password", change);
    showDone(form, "Your password is changed.");
    await onDone();
  });
}

function connectLogout(client: SiteClient, onLeft: AccountOptions["onLeft"]): void {
  const problem = element("logout-problem", HTMLElement);
  onClick("logout", async () => {
    try {
      await client.logout();
      onLeft("");
    } catch {
      problem.hidden = false;
      problem.textContent =
        "You are still signed in: the server could not be reached. Try again when the connection is back.";
    }
  });
}

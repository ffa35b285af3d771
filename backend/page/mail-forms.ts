import type { SiteClient } from "../client/index.ts";
import { onSubmit, showDone } from "./forms.ts";
import { element } from "./view.ts";

/** The link that the page was opened with: the setup link, or one of a mail. Its token works once. */
export interface OpenedLink {
  readonly kind: "setup" | "verify" | "reset";
  readonly token: string;
}

const LINK = /^#(setup|verify|reset)=([A-Za-z0-9_-]{1,64})$/;

/** Returns the link that the page was opened with. Removes it from the address: the history must not have its token. */
export function takeLink(): OpenedLink | undefined {
  const [, kind, token] = LINK.exec(location.hash) ?? [];
  // a browser does not load the page again when only the fragment of its address changes
  addEventListener("hashchange", () => {
    if (LINK.test(location.hash)) location.reload();
  });
  if (token === undefined) return undefined;
  history.replaceState(null, "", location.pathname);
  return { kind: kind as OpenedLink["kind"], token };
}

/** The forms of the entrance that send mails, or that a link of a mail opens. */
export interface MailForms {
  readonly forgot: HTMLFormElement;
  readonly reset: HTMLFormElement;
  readonly confirm: HTMLFormElement;
}

/**
 * Connects the forms. `onReset` is called with a text for the user when the password has changed.
 *
 * An address is confirmed by a button, not by opening the page: programs that scan mails open links too.
 */
export function connectMailForms(
  client: SiteClient,
  link: OpenedLink | undefined,
  onReset: (text: string) => void,
): MailForms {
  const forgot = element("forgot", HTMLFormElement);
  const reset = element("reset", HTMLFormElement);
  const confirm = element("confirm", HTMLFormElement);
  const token = link?.token ?? "";

  onSubmit(forgot, async (values) => {
    await client.request("POST /api/auth/request-reset", { email: values("email").trim() });
    showDone(forgot, "If there is an account with this address, a link is on its way to it. It works for an hour.");
  });
  onSubmit(reset, async (values) => {
    await client.request("POST /api/auth/reset-password", { token, newPassword: values("newPassword") });
    onReset("Your password is changed. Sign in with the new one.");
  });
  onSubmit(confirm, async () => {
    await client.request("POST /api/auth/verify-email", { token });
    showDone(confirm, "Your e-mail address is confirmed.");
    element("confirm-button", HTMLButtonElement).hidden = true;
    const skip = element("confirm-onward", HTMLButtonElement);
    skip.textContent = "Go on";
    skip.focus();
  });
  return { forgot, reset, confirm };
}

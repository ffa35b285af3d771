import type { ChatClient } from "../client/index.ts";
import { doneIn, onSubmit } from "./forms.ts";
import { element } from "./view.ts";

/** What the page was opened with: the setup link, or one that came by mail; its token is good once. */
export interface OpenedLink {
  readonly kind: "setup" | "verify" | "reset";
  readonly token: string;
}

const LINK = /^#(setup|verify|reset)=([A-Za-z0-9_-]{1,64})$/;

/** The link that the page was opened with. It is removed from the address, so that its token is not in the history. */
export function takeLink(): OpenedLink | undefined {
  const [, kind, token] = LINK.exec(location.hash) ?? [];
  // a link put into the address of a page that is open loads nothing anew
  addEventListener("hashchange", () => {
    if (LINK.test(location.hash)) location.reload();
  });
  if (token === undefined) return undefined;
  history.replaceState(null, "", location.pathname);
  return { kind: kind as OpenedLink["kind"], token };
}

/** The forms of the entrance that have to do with mails. */
export interface MailForms {
  readonly forgot: HTMLFormElement;
  readonly reset: HTMLFormElement;
  readonly confirm: HTMLFormElement;
}

/**
 * Makes them work. `onReset` goes on when the password is a new one, with words for it.
 *
 * An address is confirmed by a button, not by opening the page: programs that look through mails open links too.
 */
export function connectMailForms(
  client: ChatClient,
  link: OpenedLink | undefined,
  onReset: (words: string) => void,
): MailForms {
  const forgot = element("forgot", HTMLFormElement);
  const reset = element("reset", HTMLFormElement);
  const confirm = element("confirm", HTMLFormElement);
  const token = link?.token ?? "";

  onSubmit(forgot, async (values) => {
    await client.request("POST /api/auth/request-reset", { email: values("email").trim() });
    doneIn(forgot, "If there is an account with this address, a link is on its way to it. It is good for an hour.");
  });
  onSubmit(reset, async (values) => {
    await client.request("POST /api/auth/reset-password", { token, newPassword: values("newPassword") });
    onReset("Your password is changed. Sign in with the new one.");
  });
  onSubmit(confirm, async () => {
    await client.request("POST /api/auth/verify-email", { token });
    doneIn(confirm, "Your e-mail address is confirmed.");
    element("confirm-button", HTMLButtonElement).hidden = true;
    const onward = element("confirm-onward", HTMLButtonElement);
    onward.textContent = "Go on";
    onward.focus();
  });
  return { forgot, reset, confirm };
}

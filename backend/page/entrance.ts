import type { SiteClient } from "../client/index.ts";
import { onSubmit, showDone, showProblem } from "./forms.ts";
import { connectMailForms, type OpenedLink } from "./mail-forms.ts";
import { element, onClick } from "./view.ts";

export interface EntranceOptions {
  readonly client: SiteClient;
  /** The link that the page was opened with. */
  readonly link: OpenedLink | undefined;
  /** Called when the user has signed in, with a note for them or an empty text. */
  readonly onSignedIn: (note: string) => void;
  /** Called when the user leaves the form of a link. */
  readonly onSkip: () => void;
}

export interface Entrance {
  /** Shows the form for signing in, with a notice or an empty text. */
  showLogin(notice: string): void;
  /** Shows the form that a link of this kind is for. */
  showLinked(kind: OpenedLink["kind"]): void;
}

/** Connects the forms for users who are not signed in. One of them is shown at a time. */
export function connectEntrance({ client, link, onSignedIn, onSkip }: EntranceOptions): Entrance {
  const login = element("login", HTMLFormElement);
  const register = element("register", HTMLFormElement);
  const mailForms = connectMailForms(client, link, (text) => {
    show(login);
    showDone(login, text);
  });

  function show(form: HTMLFormElement, notice = ""): void {
    element("entrance", HTMLElement).hidden = false;
    for (const one of [login, register, ...Object.values(mailForms)]) one.hidden = one !== form;
    for (const one of [login, mailForms.forgot]) showDone(one, "");
    showProblem(form, notice);
    form.querySelector<HTMLElement>("input, button")?.focus();
  }

  onSubmit(login, async (values) => {
    await client.login({ email: values("email").trim(), password: values("password") });
    onSignedIn("");
  });
  connectRegistration(register, { client, link, onSignedIn });
  const onEach = (selector: string, form: HTMLFormElement) => {
    for (const button of document.querySelectorAll(selector)) button.addEventListener("click", () => show(form));
  };
  onEach("#to-register", register);
  onEach(".to-login", login);
  onEach(".to-forgot", mailForms.forgot);
  onClick("confirm-onward", onSkip);
  return {
    showLogin: (notice) => show(login, notice),
    showLinked: (kind) => show({ setup: register, reset: mailForms.reset, verify: mailForms.confirm }[kind]),
  };
}

/** Connects the form for a new account. With the setup link of the page it becomes the first administrator's. */
function connectRegistration(
  form: HTMLFormElement,
  { client, link, onSignedIn }: Pick<EntranceOptions, "client" | "link" | "onSignedIn">,
): void {
  /** It works once. */
  let setup = link?.kind === "setup" ? link.token : undefined;
  element("setup-note", HTMLElement).hidden = setup === undefined;
  onSubmit(form, async (values) => {
    const person = { name: values("name").trim(), email: values("email").trim(), password: values("password") };
    await client.register(setup === undefined ? person : { ...person, setup });
    setup = undefined;
    onSignedIn(`Open the link in the mail to ${person.email}: it confirms that the address is yours.`);
  });
}

import { RequestError, type SiteClient } from "../client/index.ts";
import { onSubmit, showDone } from "./forms.ts";
import { element } from "./view.ts";

/** Connects the user's e-mail address, in the account dialog. Returns a function that shows it. */
export function connectEmailAddress(client: SiteClient): () => void {
  const form = element("address", HTMLFormElement);
  const email = element("account-email", HTMLElement);
  const unverified = element("unverified", HTMLElement);
  const resend = element("resend", HTMLButtonElement);
  const resent = element("resent", HTMLElement);

  /** Reads the address again: it may have been confirmed or changed by a link in another window. */
  async function read(): Promise<void> {
    // without a connection, the user as of the latest sign-in or renewal is shown
    const user = await client.request("GET /api/users/me", {}).catch(() => client.user);
    email.textContent = user?.email ?? "";
    unverified.hidden = user?.verified !== false;
    resend.hidden = false;
    resent.textContent = "";
  }

  resend.addEventListener("click", async () => {
    try {
      await client.request("POST /api/auth/request-verification", {});
      resent.textContent = "A new link is on its way. It works for a day.";
      resend.hidden = true;
    } catch (error) {
      resent.textContent = notSent(error);
    }
  });
  onSubmit(form, async (values) => {
    await client.request("POST /api/auth/change-email", {
      email: values("email").trim(),
      password: values("password"),
    });
    showDone(form, "A link is on its way to the new address. The address changes when it is opened.");
  });
  return () => {
    email.textContent = client.user?.email ?? "";
    unverified.hidden = true;
    void read();
  };
}

function notSent(error: unknown): string {
  if (!(error instanceof RequestError)) return "The link could not be sent.";
  if (error.status !== 429) return error.message;
  return `A link was sent a short time ago. Look for it, or ask again in ${error.retryAfter ?? 60} seconds.`;
}

import { RequestError } from "../client/index.ts";

/** Shows what is wrong, in the form and at the field, which gets the focus. An empty message removes it. */
export function showProblem(form: HTMLFormElement, message: string, field?: string): void {
  const problem = form.querySelector<HTMLElement>(".problem");
  if (!problem) throw new Error("invariant: every form has a place for its problem");
  problem.hidden = message === "";
  problem.textContent = message;
  for (const input of form.querySelectorAll("input, textarea")) {
    const wrong = message !== "" && input.getAttribute("name") === field;
    if (wrong) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
    if (wrong && input instanceof HTMLElement) input.focus();
  }
}

/** Shows in the form what was done; a screen reader speaks it. An empty text removes it. */
export function showDone(form: HTMLFormElement, text: string): void {
  const place = form.querySelector(".done");
  if (place) place.textContent = text;
  else if (text !== "") throw new Error("invariant: a form that shows what was done has a place for it");
}

/**
 * Calls `work` when the user submits a form: not a second time meanwhile. Shows why it failed, and counts down where
 * the server asks to wait.
 */
export function onSubmit(form: HTMLFormElement, work: (values: (name: string) => string) => Promise<void>): void {
  const button = form.querySelector<HTMLButtonElement>("button[type=submit]");
  if (!button) throw new Error("invariant: every form can be submitted");
  const label = button.textContent ?? "";
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    const missing = [...form.querySelectorAll<HTMLInputElement>("[required]")].find(({ value }) => value.trim() === "");
    if (missing) return showProblem(form, `${labelOf(missing)} is missing.`, missing.name);
    showProblem(form, "");
    button.disabled = true;
    let wait = 0;
    try {
      const data = new FormData(form);
      await work((name) => String(data.get(name) ?? ""));
      form.reset();
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      showProblem(form, error.message, error.field);
      if (error.status === 429) wait = error.retryAfter ?? 0;
    } finally {
      await countDown(button, label, wait);
      button.disabled = false;
      // a button loses the focus while it is disabled
      if (document.activeElement === document.body && button.checkVisibility()) button.focus();
    }
  });
}

async function countDown(button: HTMLButtonElement, label: string, seconds: number): Promise<void> {
  for (let left = Math.min(seconds, 600); left > 0; left -= 1) {
    button.textContent = `Wait ${left} s`;
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  button.textContent = label;
}

function labelOf(input: HTMLInputElement): string {
  return input.labels?.[0]?.textContent ?? "A value";
}

/**
 * Connects a dialog with a form. `work` may return what to do once the dialog is closed and the focus is back where it
 * was.
 */
export function onDialog(
  dialog: HTMLDialogElement,
  work: (values: (name: string) => string) => Promise<(() => void) | undefined>,
): void {
  const form = dialog.querySelector("form");
  if (!form) throw new Error("invariant: every dialog has a form");
  connectClose(dialog);
  dialog.addEventListener("close", () => {
    showProblem(form, "");
    form.reset();
  });
  onSubmit(form, async (values) => {
    const after = await work(values);
    dialog.close();
    after?.();
  });
}

/** Connects the button that closes a dialog. */
export function connectClose(dialog: HTMLDialogElement): void {
  dialog.querySelector("button[value=cancel]")?.addEventListener("click", () => dialog.close());
}

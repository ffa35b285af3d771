import { RequestError, type SessionInfo, type SiteClient } from "../client/index.ts";
import { button, element, formatMoment, listItem } from "./view.ts";

/** Connects the list of the user's sessions, in the account dialog. Returns a function that reads and shows them. */
export function connectSessions(client: SiteClient): () => Promise<void> {
  const list = element("sessions", HTMLElement);
  const problem = element("sessions-problem", HTMLElement);

  async function load(): Promise<void> {
    try {
      const { sessions } = await client.request("GET /api/auth/sessions", {});
      problem.hidden = true;
      list.replaceChildren(...sessions.toReversed().map(sessionItem));
    } catch (error) {
      problem.hidden = false;
      problem.textContent = error instanceof RequestError ? error.message : "The sessions could not be loaded.";
    }
  }

  function sessionItem({ sid, current, agent, address, usedAt }: SessionInfo): HTMLElement {
    const device = deviceOf(agent);
    const item = listItem(
      current ? "This one" : device,
      `${address ?? "unknown address"}, last used ${formatMoment(usedAt)}`,
    );
    if (!current) item.append(button("End", "quiet", () => void end(sid), `End the session on ${device}`));
    return item;
  }

  async function end(sid: string): Promise<void> {
    // a failure needs no message: the list still shows the session
    await client.request("POST /api/auth/sessions/end", { sid }).catch(() => undefined);
    await load();
  }

  return load;
}

/** Browser and system in a few words: most users cannot read a `User-Agent` (RFC 9110 10.1.5). */
function deviceOf(agent: string | null): string {
  if (agent === null) return "Unknown device";
  const browser = ["Edg", "OPR", "Firefox", "Chrome", "Safari"].find((name) => agent.includes(`${name}/`));
  const system = ["Android", "iPhone", "iPad", "Windows", "Mac OS X", "Linux"].find((name) => agent.includes(name));
  const names: Readonly<Record<string, string>> = { Edg: "Edge", OPR: "Opera", "Mac OS X": "Mac" };
  if (browser === undefined) return agent.slice(0, 60);
  return `${names[browser] ?? browser}${system === undefined ? "" : ` on ${names[system] ?? system}`}`;
}

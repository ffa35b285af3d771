/**
 * Opens an issue where the stack has drifted (DRIFT_CODE is 1), unless one is open, and closes it where it has not (0).
 * It runs in a job of GitHub Actions, without packages.
 */

interface Issue {
  readonly number: number;
  readonly title: string;
  readonly user: { readonly login: string } | null;
}

/** Who opens issues with the token of a job. Another author cannot keep the issue from being opened. */
const AUTHOR = "github-actions[bot]";
const ISSUES_PER_PAGE = 100;

const { STACK, DRIFT_CODE, GITHUB_TOKEN, GITHUB_API_URL, GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_RUN_ID } =
  process.env;
const title = `Drift of ${STACK}`;
const run = `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/actions/runs/${GITHUB_RUN_ID}`;

/** Calls https://docs.github.com/en/rest/issues. @throws Error where GitHub refuses */
async function call(method: string, path: string, body?: unknown): Promise<unknown> {
  const response = await fetch(`${GITHUB_API_URL}/repos/${GITHUB_REPOSITORY}/issues${path}`, {
    method,
    headers: { authorization: `Bearer ${GITHUB_TOKEN}`, accept: "application/vnd.github+json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`GitHub refused ${method} issues${path}: ${response.status}`);
  return response.json();
}

async function findOpenIssue(): Promise<Issue | undefined> {
  for (let page = 1; ; page++) {
    const issues = (await call("GET", `?state=open&per_page=${ISSUES_PER_PAGE}&page=${page}`)) as readonly Issue[];
    const found = issues.find((issue) => issue.title === title && issue.user?.login === AUTHOR);
    if (found !== undefined || issues.length < ISSUES_PER_PAGE) return found;
  }
}

const open = await findOpenIssue();
if (DRIFT_CODE === "1" && open === undefined) {
  await call("POST", "", {
    title,
    body:
      `Something at Cloudflare differs from what the stack ${STACK} deployed. The summary of [this run](${run}) shows ` +
      `what. \`npm run up -- --stack ${STACK}\` puts it back; what should stay belongs into the policy or the ` +
      "configuration. This issue is closed by the first run that finds no difference.",
  });
}
if (DRIFT_CODE === "0" && open !== undefined) {
  await call("POST", `/${open.number}/comments`, { body: `[This run](${run}) finds no difference any more.` });
  await call("PATCH", `/${open.number}`, { state: "closed", state_reason: "completed" });
}

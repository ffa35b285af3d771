import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "@jest/globals";

interface Issue {
  number: number;
  title: string;
  user: { login: string };
  state: string;
}

/** What GitHub's API has, as far as the program uses it: https://docs.github.com/en/rest/issues/issues */
let github: Server;
let issues: Issue[];
let comments: string[];
let refuses = false;
beforeEach(async () => {
  [issues, comments, refuses] = [[], [], false];
  github = createServer(async (request, response) => {
    const url = new URL(request.url ?? "", "http://github");
    const body = await text(request);
    const { title, state, body: comment } = body === "" ? {} : JSON.parse(body);
    const [, number] = /^\/repos\/ada\/site\/issues(?:\/(\d+))?/.exec(url.pathname) ?? [];
    const send = (status: number, value: unknown) => response.writeHead(status).end(JSON.stringify(value));
    if (refuses || request.headers.authorization !== "Bearer job-token") return send(403, {});
    if (request.method === "GET") {
      const page = Number(url.searchParams.get("page"));
      const size = Number(url.searchParams.get("per_page"));
      const open = issues.filter((issue) => issue.state === url.searchParams.get("state"));
      return send(200, open.slice((page - 1) * size, page * size));
    }
    const issue = issues.find((one) => one.number === Number(number));
    if (request.method === "POST" && number === undefined) issues.push(made(title));
    else if (request.method === "POST") comments.push(comment);
    else if (issue !== undefined) issue.state = state;
    return send(200, {});
  }).listen(0, "127.0.0.1");
  await once(github, "listening");
});
afterEach(() => {
  github.close();
});

const made = (title: string, login = "github-actions[bot]"): Issue => ({
  number: issues.length + 1,
  title,
  user: { login },
  state: "open",
});
const states = () => issues.map(({ title, state }) => `${title}: ${state}`);

async function report(code: string): Promise<string> {
  const { port } = github.address() as AddressInfo;
  const env = {
    PATH: process.env.PATH,
    STACK: "prod",
    DRIFT_CODE: code,
    GITHUB_TOKEN: "job-token",
    GITHUB_API_URL: `http://127.0.0.1:${port}`,
    GITHUB_SERVER_URL: "https://github.com",
    GITHUB_REPOSITORY: "ada/site",
    GITHUB_RUN_ID: "7",
  };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [".github/drift-issue.ts"], { env });
  return stdout + stderr;
}

test("drift opens one issue, not one each night, and its end closes it", async () => {
  await report("0");
  expect(issues).toEqual([]);
  for (const _night of [1, 2, 3]) expect(await report("1")).toBe("");
  expect(states()).toEqual(["Drift of prod: open"]);
  await report("0");
  expect(states()).toEqual(["Drift of prod: closed"]);
  expect(comments).toEqual(["[This run](https://github.com/ada/site/actions/runs/7) finds no difference any more."]);
  await report("1");
  expect(states()).toEqual(["Drift of prod: closed", "Drift of prod: open"]);
});

test("an issue of another author or stack counts for nothing; the kit's own one is found behind others", async () => {
  issues.push(made("Drift of prod", "mallory"), made("Drift of staging"));
  await report("1");
  expect(states().slice(2)).toEqual(["Drift of prod: open"]);
  issues.unshift(...Array.from({ length: 100 }, (_, index) => ({ ...made("other"), number: 100 + index })));
  await report("1");
  expect(issues).toHaveLength(103);
  await report("0");
  expect(states().filter((line) => line.endsWith("closed"))).toEqual(["Drift of prod: closed"]);
});

test("where GitHub refuses, the job fails, and the token is in no message", async () => {
  refuses = true;
  const failure = await report("1").catch((error: { stderr: string }) => error.stderr);
  expect(failure).toContain("GitHub refused GET issues?state=open");
  expect(failure).not.toContain("job-token");
});

import { expect, test } from "@jest/globals";
import { object, string, unbounded } from "../../../backend/surface/grammar.ts";
import { checkSurface, type SurfaceFile } from "../../../backend/surface/mistakes.ts";

const call = {
  ...{ action: "jobs.watch", summary: "Watch a job", access: "user", rate: "read", params: {}, returns: object({}) },
};
const jobs = { name: "/jobs", summary: "Watch jobs", access: "user", calls: [call], emits: {} };

/** The lines that a start with these namespaces prints. */
function mistakes(namespaces: readonly object[], more: object = {}): readonly string[] {
  const file = { file: "backend/jobs/surface.ts", namespaces, ...more } as unknown as SurfaceFile;
  const known = { roles: ["user", "moderator", "admin"], takenPaths: [] };
  try {
    checkSurface([file], known);
    return [];
  } catch (error) {
    return (error as Error).message.split("\n").slice(1);
  }
}
const inJobs = (part: object) => mistakes([{ ...jobs, ...part }]);
const inCall = (part: object) => inJobs({ calls: [{ ...call, ...part }] });

test("D5: a namespace as it should be has no mistakes", () => {
  const emits = { progress: { about: "A job goes on.", payload: object({ id: unbounded.string() }) } };
  expect(inJobs({ emits })).toEqual([]);
  expect(inJobs({ calls: [], emits })).toEqual([]);
  expect(mistakes([{ ...jobs, access: "public", calls: [{ ...call, access: "public" }] }])).toEqual([]);
});

test("D5: mistakes in a namespace stop the start with file, namespace and what to do", () => {
  const at = "  backend/jobs/surface.ts: the namespace /jobs: ";
  expect(inJobs({ access: "boss" })).toEqual([
    `${at}access names the role "boss", which does not exist; use public or one of user, moderator, admin.`,
  ]);
  expect(inJobs({ summary: "" })).toEqual([`${at}summary is ""; say in 2 to 80 characters what the namespace is for.`]);
  expect(inJobs({ calls: [] })).toEqual([
    `${at}calls and emits are empty; list the calls that clients may make, or the events that they get.`,
  ]);
  const payload = object({});
  for (const event of ["connect", "disconnect", "drain", "call", "a b", "__proto__", ""]) {
    const emits = JSON.parse(
      JSON.stringify({ other: 1 }).replace("other", event).replace("1", JSON.stringify({ payload })),
    );
    expect(inJobs({ emits }).join()).toContain(
      `${at}emits has the event ${JSON.stringify(event)}; use letters and digits`,
    );
  }
  for (const name of ["/", "jobs", "/Jobs", "/jobs/x", "/a,b", "/a b", `/${"x".repeat(40)}`, "/é", "/__proto__"]) {
    expect(mistakes([{ ...jobs, name }])).toEqual([
      `  backend/jobs/surface.ts: the namespace ${name}: name is ${JSON.stringify(name)}; write a slash and then up to 32 ` +
        'lower-case letters, digits and hyphens: "/jobs".',
    ]);
  }
  expect(mistakes([jobs, { ...jobs, calls: [{ ...call, action: "jobs.other" }] }])).toEqual([
    "  backend/jobs/surface.ts: /jobs is declared twice, first in backend/jobs/surface.ts; give this one another name.",
  ]);
});

test("D5: mistakes in a call of a namespace are told like those of any other call", () => {
  const at = "  backend/jobs/surface.ts: the call jobs.watch of /jobs: ";
  expect(inCall({ rate: "often" }).join()).toContain(
    `${at}rate is "often", which is no class; use one of credential, `,
  );
  expect(inCall({ rate: "credential" }).join()).toContain("the edge sees no message of a socket");
  expect(inCall({ access: "boss" }).join()).toContain(`${at}access names the role "boss"`);
  expect(inCall({ access: "public" })).toEqual([
    "  backend/jobs/surface.ts: the namespace /jobs: calls jobs.watch is public, and only a user may join the namespace; " +
      "name the least role that may call, or make the namespace public.",
  ]);
  expect(inCall({ params: { id: { type: "date" } } }).join()).toContain(`${at}params.id has the type "date"`);
  expect(inCall({ params: { id: unbounded.string() } }).join()).toContain(`${at}params.id`);
  expect(inCall({ returns: string({ min: 1, max: 2 }) }).join()).toContain(`${at}returns is no object`);
  expect(inCall({ refuses: ["NO_JOB"] }).join()).toContain("names the code NO_JOB, which does not exist");
  const http = [{ ...call, method: "GET", path: "/api/jobs", bodyLimit: 0 }];
  expect(mistakes([jobs], { http }).join()).toContain(`${at}action jobs.watch has an entry already, GET /api/jobs`);
  expect(inJobs({ emits: { progress: { payload: { type: "date" } } } }).join()).toContain(
    'backend/jobs/surface.ts: the event progress of /jobs: payload has the type "date"',
  );
});

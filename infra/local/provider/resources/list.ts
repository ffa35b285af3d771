/** cloudflare.List (https://www.pulumi.com/registry/packages/cloudflare/api-docs/list/). */
import { APIError } from "cloudflare";
import { CallError, type Calls, path } from "../calls.ts";
import { isValues, number, type ResourceFields, text, toBody, type Values } from "../fields.ts";
import { type Definition, importIdOf } from "../resource.ts";

const flag = { kind: "flag", computed: "optional" } as const;

const hostname: ResourceFields = {
  urlHostname: { kind: "text", required: true },
  excludeExactHostname: flag,
};

/** An item of a list of redirects. The local API refuses this kind of list. */
const redirect: ResourceFields = {
  sourceUrl: { kind: "text", required: true },
  targetUrl: { kind: "text", required: true },
  includeSubdomains: flag,
  preservePathSuffix: flag,
  preserveQueryString: flag,
  statusCode: { kind: "number", computed: "optional" },
  subpathMatching: flag,
};

const item: ResourceFields = {
  asn: number,
  comment: text,
  hostname: { kind: { object: hostname } },
  ip: text,
  redirect: { kind: { object: redirect } },
};

const fields: ResourceFields = {
  accountId: { kind: "text", path: true, required: true, replaces: true },
  kind: { kind: "text", required: true, replaces: true },
  name: { kind: "text", required: true, replaces: true },
  description: text,
  items: { kind: { list: { object: item }, isSet: true } },
  createdOn: { kind: "text", computed: "always" },
  modifiedOn: { kind: "text", computed: "always" },
  numItems: { kind: "number", computed: "always" },
  numReferencingFilters: { kind: "number", computed: "always" },
};

const pathOf = (id: string, { accountId }: Values) => path`/accounts/${accountId}/rules/lists/${id}`;

/** Milliseconds before the second poll, and at most before a later one; from one poll to the next it doubles. */
const FIRST_WAIT_MS = 1_000;
const MAX_WAIT_MS = 30_000;
/** Maximum number of polls for an operation; the last one comes half an hour after it. */
const MAX_POLLS = 60;

/**
 * Items are replaced as a whole, by an operation that is waited for. @throws CallError that names the item where one is
 * refused
 */
async function writeItems(calls: Calls, id: string, inputs: Values): Promise<Values> {
  const { items } = toBody(fields, inputs);
  // a list without `items` leaves them to others
  if (!Array.isArray(items)) return {};
  let operation: unknown;
  try {
    operation = await calls.send({ method: "PUT", path: `${pathOf(id, inputs)}/items`, body: items });
  } catch (error) {
    throw error instanceof CallError ? withItem(error, inputs, items) : error;
  }
  if (isValues(operation)) await waitForOperation(calls, operation.operation_id, inputs, items);
  return readItems(calls, id, inputs);
}

async function waitForOperation(
  calls: Calls,
  operation: unknown,
  inputs: Values,
  items: readonly unknown[],
): Promise<void> {
  const request = {
    method: "GET",
    path: path`/accounts/${inputs.accountId}/rules/lists/bulk_operations/${operation}`,
  } as const;
  for (let polls = 0; polls < MAX_POLLS; polls += 1) {
    const response = await calls.send(request);
    const { status, error } = isValues(response) ? response : {};
    if (status === "completed") return;
    if (status === "failed") {
      const reason = `bulk operation ${operation} failed: ${error}`;
      const message = `the items of the list ${inputs.name} were not written, ${reason}`;
      throw new CallError("API_REFUSED", 400, [], `${message}${itemAt(positionIn(error), inputs, items)}`, undefined);
    }
    await calls.wait(Math.min(FIRST_WAIT_MS * 2 ** polls, MAX_WAIT_MS));
  }
  const message = `bulk operation ${operation} of the list ${inputs.name} has not ended after ${MAX_POLLS} polls`;
  throw new CallError("API_FAILED", 0, [], message, undefined);
}

/** The same error, with the item that the API refuses by its place. */
function withItem(error: CallError, inputs: Values, items: readonly unknown[]): CallError {
  const { cause, code, status, apiCodes, message } = error;
  const [first]: readonly object[] = cause instanceof APIError ? (cause.errors ?? []) : [];
  const source = first !== undefined && "source" in first ? first.source : undefined;
  const index = isValues(source) ? source.parameter_value_index : undefined;
  const position = typeof index === "number" ? index : positionIn(message);
  return new CallError(code, status, apiCodes, `${message}${itemAt(position, inputs, items)}`, cause);
}

function positionIn(message: unknown): number | undefined {
  const position = / at position ([0-9]{1,9})\b/.exec(String(message))?.[1];
  return position === undefined ? undefined : Number(position);
}

const itemAt = (position: number | undefined, { name }: Values, items: readonly unknown[]): string =>
  position === undefined || items[position] === undefined
    ? ""
    : `\nRefused is item ${position + 1} of the list ${name}: ${JSON.stringify(items[position])}`;

async function readItems(calls: Calls, id: string, inputs: Values): Promise<Values> {
  const items = await calls.list({ method: "GET", path: `${pathOf(id, inputs)}/items?per_page=500&search=` });
  return { items, num_items: items.length };
}

export const list: Definition = {
  type: "cloudflare:index/list:List",
  fields,
  create: (inputs) => ({
    method: "POST",
    path: path`/accounts/${inputs.accountId}/rules/lists`,
    body: withoutItems(inputs),
  }),
  idOf: (_inputs, result) => String(result.id),
  read: (id, inputs) => ({ method: "GET", path: pathOf(id, inputs) }),
  update: (id, inputs) => ({ method: "PUT", path: pathOf(id, inputs), body: { description: inputs.description } }),
  remove: (id, inputs) => ({ method: "DELETE", path: pathOf(id, inputs) }),
  contents: { write: writeItems, read: readItems },
  importId: importIdOf("<account id>/<list id>", ["accountId", null]),
};

function withoutItems({ items: _items, ...inputs }: Values): object {
  return toBody(fields, inputs);
}

/** The provider over gRPC, called as Pulumi's engine calls it; test/real/pulumi does the same with the real CLI. */
import { credentials, Server, ServerCredentials } from "@grpc/grpc-js";
import { expect, test } from "@jest/globals";
import engineServices from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import type engineMessages from "@pulumi/pulumi/proto/engine_pb.js";
import pluginMessages from "@pulumi/pulumi/proto/plugin_pb.js";
import services from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import emptyMessages from "google-protobuf/google/protobuf/empty_pb.js";
import struct from "google-protobuf/google/protobuf/struct_pb.js";
import { type LocalApi, startApi } from "../../../../../infra/local/api/index.ts";
import { startProviderServer } from "../../../../../infra/local/provider/grpc/index.ts";
import { UNKNOWN } from "../../../../../infra/local/provider/index.ts";

type Client = InstanceType<typeof services.ResourceProviderClient>;
type Struct = InstanceType<typeof struct.Struct>;
const { Struct } = struct;
const SECRET = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };
const recordUrn = "urn:pulumi:dev::p::causeway:index:Dns$cloudflare:index/dnsRecord:DnsRecord::chat";
const tunnelUrn = "urn:pulumi:dev::p::cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared::tunnel";

/** Starts API, provider and a client; all end with the test. */
async function withClient<Result>(use: (client: Client, api: LocalApi) => Promise<Result>): Promise<Result> {
  const api = await startApi({ seed: { zones: [{ name: "example.com" }] } });
  const provider = await startProviderServer({ apiToken: api.token, baseURL: api.url });
  const client = new services.ResourceProviderClient(`127.0.0.1:${provider.port}`, credentials.createInsecure());
  try {
    return await use(client, api);
  } finally {
    client.close();
    await provider.close();
    await api.close();
  }
}

interface Replies {
  configure: InstanceType<typeof messages.ConfigureResponse>;
  check: InstanceType<typeof messages.CheckResponse>;
  diff: InstanceType<typeof messages.DiffResponse>;
  diffConfig: InstanceType<typeof messages.DiffResponse>;
  create: InstanceType<typeof messages.CreateResponse>;
  read: InstanceType<typeof messages.ReadResponse>;
  update: InstanceType<typeof messages.UpdateResponse>;
  delete: unknown;
  attach: unknown;
  invoke: InstanceType<typeof messages.InvokeResponse>;
  getSchema: InstanceType<typeof messages.GetSchemaResponse>;
}
type Done<Reply> = (error: Error | null, reply: Reply) => void;

/** A call of the client as a promise. */
function ask<Name extends keyof Replies>(client: Client, name: Name, request: object): Promise<Replies[Name]> {
  return new Promise((resolve, reject) => {
    const done: Done<Replies[Name]> = (error, reply) => (error ? reject(error) : resolve(reply));
    (client[name] as unknown as (this: Client, request: object, done: Done<Replies[Name]>) => unknown).call(
      client,
      request,
      done,
    );
  });
}

const configured = (client: Client) => ask(client, "configure", new messages.ConfigureRequest());
const values = (message: Struct | undefined) => message?.toJavaScript();

test("inputs are checked with property paths, and secrets stay marked as secrets", async () => {
  await withClient(async (client) => {
    const wrong = Struct.fromJavaScript({ zoneId: "z", nmae: "a", type: "A", ttl: "1" });
    const refused = await ask(client, "check", new messages.CheckRequest().setUrn(recordUrn).setNews(wrong));
    expect(refused.getFailuresList().map((failure) => [failure.getProperty(), failure.getReason()])).toEqual([
      ["nmae", "there is no input named nmae; did you mean name?"],
      ["ttl", "expected a number, got a string"],
      ["name", "name is required"],
    ]);
    const secret = Struct.fromJavaScript({ accountId: "a", name: "t", tunnelSecret: { ...SECRET, value: "s3cret" } });
    const taken = await ask(client, "check", new messages.CheckRequest().setUrn(tunnelUrn).setNews(secret));
    expect([taken.getFailuresList(), values(taken.getInputs())]).toEqual([
      [],
      { accountId: "a", name: "t", tunnelSecret: { ...SECRET, value: "s3cret" } },
    ]);
  });
});

test("a difference has the paths that changed, how, and what replaces", async () => {
  await withClient(async (client) => {
    const before = { zoneId: "z", name: "a", type: "A", ttl: 1, comment: "c" };
    const after = { zoneId: "z", name: "b", type: "AAAA", ttl: 1, content: "::1" };
    const request = new messages.DiffRequest().setUrn(recordUrn).setId("id");
    request.setOldInputs(Struct.fromJavaScript(before)).setNews(Struct.fromJavaScript(after));
    const diff = await ask(client, "diff", request);
    const { Kind } = messages.PropertyDiff;
    expect(diff.getChanges()).toBe(messages.DiffResponse.DiffChanges.DIFF_SOME);
    expect(diff.getReplacesList()).toEqual(["type"]);
    const kinds: Record<string, number> = {};
    diff.getDetaileddiffMap().forEach((property, path) => {
      kinds[path] = property.getKind();
    });
    expect(kinds).toEqual({
      name: Kind.UPDATE,
      type: Kind.UPDATE_REPLACE,
      content: Kind.ADD,
      comment: Kind.DELETE,
    });
  });
});

test("a preview touches nothing and leaves unknown what the server will decide", async () => {
  await withClient(async (client, api) => {
    await configured(client);
    const inputs = Struct.fromJavaScript({ accountId: api.accountId, name: "t", configSrc: "cloudflare" });
    const planned = await ask(
      client,
      "create",
      new messages.CreateRequest().setUrn(tunnelUrn).setProperties(inputs).setPreview(true),
    );
    expect(planned.getId()).toBe("");
    expect(values(planned.getProperties())).toMatchObject({
      name: "t",
      status: UNKNOWN,
      accountTag: UNKNOWN,
      createdAt: UNKNOWN,
    });
    expect(api.journal).toEqual([]);
  });
});

test("create, read, update and delete reach the API; a deleted object is read as absent", async () => {
  await withClient(async (client, api) => {
    await configured(client);
    const inputs = { zoneId: api.zoneId, name: "a.example.com", type: "A", ttl: 1, content: "192.0.2.1" };
    const created = await ask(
      client,
      "create",
      new messages.CreateRequest().setUrn(recordUrn).setProperties(Struct.fromJavaScript(inputs)),
    );
    const id = created.getId();
    expect(values(created.getProperties())).toMatchObject({ ...inputs, proxied: false });
    const update = new messages.UpdateRequest().setUrn(recordUrn).setId(id);
    update.setOlds(created.getProperties()).setOldInputs(Struct.fromJavaScript(inputs));
    update.setNews(Struct.fromJavaScript({ ...inputs, content: "192.0.2.2" }));
    await ask(client, "update", update);
    const read = () =>
      ask(
        client,
        "read",
        new messages.ReadRequest().setUrn(recordUrn).setId(id).setInputs(Struct.fromJavaScript(inputs)),
      );
    expect(values((await read()).getInputs())).toMatchObject({ content: "192.0.2.2" });
    const imported = await ask(
      client,
      "read",
      new messages.ReadRequest().setUrn(recordUrn).setId(`${api.zoneId}/${id}`),
    );
    expect([imported.getId(), values(imported.getInputs())]).toEqual([id, { ...inputs, content: "192.0.2.2" }]);
    await ask(
      client,
      "delete",
      new messages.DeleteRequest().setUrn(recordUrn).setId(id).setProperties(created.getProperties()),
    );
    expect((await read()).getId()).toBe("");
    expect(api.cloud.zoneOf("example.com")?.records).toEqual([]);
  });
});

test("P7: what cannot be deleted warns when it is made, also in a preview, and not when it is deleted", async () => {
  const warnings: string[] = [];
  const engine = await listenForWarnings(warnings);
  try {
    await withClient(async (client, api) => {
      await ask(client, "attach", new pluginMessages.PluginAttach().setAddress(engine.address));
      await configured(client);
      const urn = "urn:pulumi:dev::p::cloudflare:index/zoneSetting:ZoneSetting::ssl";
      const inputs = Struct.fromJavaScript({ zoneId: api.zoneId, settingId: "ssl", value: "strict" });
      const create = new messages.CreateRequest().setUrn(urn).setProperties(inputs);
      await ask(client, "create", create.setPreview(true));
      const { outputs } = { outputs: (await ask(client, "create", create.setPreview(false))).getProperties() };
      await ask(client, "delete", new messages.DeleteRequest().setUrn(urn).setId("ssl").setProperties(outputs));
      while (warnings.length < 2) await new Promise((resolve) => setImmediate(resolve));
    });
  } finally {
    engine.close();
  }
  const warning =
    "[WARNING] This resource cannot be destroyed from Terraform. If you create this resource, it will be present in the API until manually deleted.: Resource Destruction Considerations";
  expect(warnings).toEqual([warning, warning]);
});

/** Pulumi's engine as far as it shows what a provider logs. */
async function listenForWarnings(warnings: string[]): Promise<{ address: string; close(): void }> {
  const server = new Server();
  server.addService(engineServices.EngineService, {
    log: (
      call: { request: InstanceType<typeof engineMessages.LogRequest> },
      done: (error: null, reply: object) => void,
    ) => {
      warnings.push(call.request.getMessage());
      done(null, new emptyMessages.Empty());
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return { address: `127.0.0.1:${port}`, close: () => server.forceShutdown() };
}

test("the stack's configuration wins over the defaults, and a failure has the API's message", async () => {
  await withClient(async (client, api) => {
    const lookUp = new messages.InvokeRequest()
      .setTok("cloudflare:index/getZone:getZone")
      .setArgs(Struct.fromJavaScript({ zoneId: api.zoneId }));
    await expect(ask(client, "invoke", lookUp)).rejects.toThrow("before it configured it");
    const args = Struct.fromJavaScript({ apiToken: { ...SECRET, value: api.issueToken(["DNS Read"]) } });
    await ask(client, "configure", new messages.ConfigureRequest().setArgs(args));
    await expect(ask(client, "invoke", lookUp)).rejects.toThrow(/403 Forbidden.*the permission ..Zone Read/);
    await configured(client);
    expect(values((await ask(client, "invoke", lookUp)).getReturn())).toMatchObject({ name: "example.com" });
    const unknown = new messages.CheckRequest()
      .setUrn("urn:pulumi:dev::p::cloudflare:index/worker:Worker::w")
      .setNews(Struct.fromJavaScript({}));
    await expect(ask(client, "check", unknown)).rejects.toThrow(
      "cloudflare:index/worker:Worker is not among the resources here",
    );
  });
});

test("a provider whose token changed is reported as changed: otherwise the engine would keep the old token", async () => {
  await withClient(async (client) => {
    const changes = async (news: Record<string, string>) => {
      const request = new messages.DiffRequest().setOldInputs(Struct.fromJavaScript({ apiToken: "old" }));
      return (await ask(client, "diffConfig", request.setNews(Struct.fromJavaScript(news)))).getChanges();
    };
    const { DIFF_NONE, DIFF_SOME } = messages.DiffResponse.DiffChanges;
    expect([await changes({ apiToken: "old" }), await changes({ apiToken: "new" }), await changes({})]).toEqual([
      DIFF_NONE,
      DIFF_SOME,
      DIFF_SOME,
    ]);
  });
});

test("the schema has the table's resources", async () => {
  await withClient(async (client) => {
    const schema = JSON.parse((await ask(client, "getSchema", new messages.GetSchemaRequest())).getSchema());
    expect(schema.name).toBe("cloudflare");
    expect(schema.resources["cloudflare:index/dnsRecord:DnsRecord"].requiredInputs).toEqual([
      "zoneId",
      "name",
      "type",
      "ttl",
    ]);
  });
});

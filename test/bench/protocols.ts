import { WebSocketClient } from "./web-socket.ts";

/** What a client hears. */
interface Heard {
  /** A message of its room: its position there, and the number that the sender put into its text. */
  message(seq: number, number: number): void;
  /** The response to a request of this client. */
  response(id: number, error: string | undefined, text: string): void;
}

/** How far a client has heard a room. */
export interface Position {
  readonly epoch: string;
  readonly seq: number;
}

/** A connected client. */
export interface Client {
  readonly socket: WebSocketClient;
  heard: Heard;
}

/** How clients speak to a server: the same conversation in the words of each. */
export interface Protocol {
  /** Connects, from an address of its own as the tunnel would name it. Rejects where the server refuses or is away. */
  connect(port: number, token: string, address: string): Promise<Client>;
  /** Asks to be in a room and to hear what is said there, from a position on. Answered as `id`. */
  join(id: number, room: string, from?: Position): string;
  /** Where a room stands, by the response to joining it. */
  position(response: string): Position;
  /** Says something that has `number` in its text. Answered as `id`, the same one. */
  say(number: number, room: string): string;
}

const SILENT: Heard = { message() {}, response() {} };

function connected(
  { port, path, address }: { readonly port: number; readonly path: string; readonly address: string },
  converse: (client: Client, text: string, accepted: () => void) => void,
  greet?: (socket: WebSocketClient) => void,
): Promise<Client> {
  return new Promise((resolve, reject) => {
    const headers = { "cf-connecting-ip": address };
    const socket = new WebSocketClient(port, path, headers, () => greet?.(socket));
    const client: Client = { socket, heard: SILENT };
    let lastHeard = "nothing";
    socket.onClose = () => reject(new Error(`the server closed a connection after ${lastHeard}`));
    socket.onText = (text) => {
      lastHeard = text;
      converse(client, text, () => {
        socket.onText = (next) => converse(client, next, () => undefined);
        resolve(client);
      });
    };
  });
}

/** The number after `mark`, undefined where the text has no such mark. */
function numberAfter(text: string, mark: string): number {
  const at = text.indexOf(mark);
  return at < 0 ? Number.NaN : Number.parseInt(text.slice(at + mark.length, at + mark.length + 15), 10);
}

const epochIn = (response: string) => /"epoch":"([^"]*)"/.exec(response)?.[1] ?? "";

/** Socket.IO 4 (protocol 5 over Engine.IO 4), and the calls of the chat service. */
export const SOCKET_IO: Protocol = {
  connect(port, token, address) {
    const path = "/socket.io/?EIO=4&transport=websocket";
    return connected({ port, path, address }, (client, text, accepted) => {
      const { socket, heard } = client;
      if (text.startsWith('42["message"')) heard.message(numberAfter(text, '"seq":'), numberAfter(text, '"text":"t'));
      else if (text.startsWith("43")) {
        const mark = text.indexOf("[");
        heard.response(Number(text.slice(2, mark)), text.startsWith("[null", mark) ? undefined : text, text);
      } else if (text === "2") socket.send("3");
      else if (text[0] === "0") socket.send(`40${JSON.stringify({ token })}`);
      else if (text.startsWith("40")) accepted();
      else if (text.startsWith("44")) socket.terminate();
    });
  },
  join(id, room, from) {
    const position = from ? `,"epoch":"${from.epoch}","cursor":${from.seq}` : "";
    return `42${id}["call","chat.join",{"room":"${room}"${position}}]`;
  },
  position: (response) => ({ epoch: epochIn(response), seq: numberAfter(response, '"seq":') }),
  say: (number, room) =>
    `42${number}["call","chat.send",{"room":"${room}","text":"t${number} says hello","clientId":"b${number}"}]`,
};

/** Centrifugo's JSON protocol: commands, replies and pushes divided by line breaks. */
export const CENTRIFUGO: Protocol = {
  connect(port, token, address) {
    const path = "/connection/websocket";
    return connected(
      { port, path, address },
      (client, texts, accepted) => {
        const { socket, heard } = client;
        for (const text of texts.split("\n")) {
          if (text.startsWith('{"push"')) heard.message(numberAfter(text, '"offset":'), numberAfter(text, '"text":"t'));
          else if (text === "{}") socket.send("{}");
          else if (text.includes('"connect":{')) accepted();
          else if (text.startsWith('{"id"')) {
            heard.response(numberAfter(text, '"id":'), text.includes('"error":{') ? text : undefined, text);
          }
        }
      },
      (socket) => socket.send(JSON.stringify({ id: CONNECT_ID, connect: { token } })),
    );
  },
  join(id, room, from) {
    const position = from ? `,"recover":true,"epoch":"${from.epoch}","offset":${from.seq}` : "";
    return `{"id":${id},"subscribe":{"channel":"${room}"${position}}}`;
  },
  // a position of 0 is left out
  position: (response) => ({ epoch: epochIn(response), seq: numberAfter(response, '"offset":') || 0 }),
  say: (number, room) =>
    `{"id":${number},"publish":{"channel":"${room}","data":{"text":"t${number} says hello","clientId":"b${number}"}}}`,
};

const CONNECT_ID = 1_000_000_000;

/** Joins rooms, from positions on where there are some. Resolves with where they stand; rejects with a refusal. */
export function joinAll(
  { join, position }: Protocol,
  client: Client,
  rooms: readonly string[],
  from: readonly Position[] = [],
): Promise<readonly Position[]> {
  return new Promise((resolve, reject) => {
    const positions = new Map<number, Position>();
    client.socket.onClose = () => reject(new Error("the server closed a connection that joins rooms"));
    client.heard = {
      message() {},
      response(id, error, text) {
        if (error !== undefined) reject(new Error(error));
        positions.set(id, position(text));
        if (positions.size === rooms.length)
          resolve(rooms.map((_, i) => positions.get(i + 1) ?? { epoch: "", seq: 0 }));
      },
    };
    rooms.forEach((room, i) => {
      client.socket.send(join(i + 1, room, from[i]));
    });
  });
}

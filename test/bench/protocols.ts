import { WebSocketClient } from "./web-socket.ts";

/** What a client hears. */
export interface Heard {
  /** A message of its room: its position there, and the number that the sender put into its text. */
  message(seq: number, number: number): void;
  /** The response to a request of this client. */
  response(id: number, error: string | undefined): void;
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
  /** Asks to be in a room and to hear what is said there. Answered as `id`. */
  join(id: number, room: string): string;
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

/** Socket.IO 4 (protocol 5 over Engine.IO 4), and the calls of the chat service. */
export const SOCKET_IO: Protocol = {
  connect(port, token, address) {
    const path = "/socket.io/?EIO=4&transport=websocket";
    return connected({ port, path, address }, (client, text, accepted) => {
      const { socket, heard } = client;
      if (text.startsWith('42["message"')) heard.message(numberAfter(text, '"seq":'), numberAfter(text, '"text":"t'));
      else if (text.startsWith("43")) {
        const mark = text.indexOf("[");
        heard.response(Number(text.slice(2, mark)), text.startsWith("[null", mark) ? undefined : text);
      } else if (text === "2") socket.send("3");
      else if (text[0] === "0") socket.send(`40${JSON.stringify({ token })}`);
      else if (text.startsWith("40")) accepted();
      else if (text.startsWith("44")) socket.terminate();
    });
  },
  join: (id, room) => `42${id}["call","chat.join",{"room":"${room}"}]`,
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
            heard.response(numberAfter(text, '"id":'), text.includes('"error":{') ? text : undefined);
          }
        }
      },
      (socket) => socket.send(JSON.stringify({ id: CONNECT_ID, connect: { token } })),
    );
  },
  join: (id, room) => `{"id":${id},"subscribe":{"channel":"${room}"}}`,
  say: (number, room) =>
    `{"id":${number},"publish":{"channel":"${room}","data":{"text":"t${number} says hello","clientId":"b${number}"}}}`,
};

const CONNECT_ID = 1_000_000_000;

/** Joins rooms and waits until the client is in all. Rejects with what the server refuses. */
export function joinAll({ join }: Protocol, client: Client, rooms: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    let left = rooms.length;
    client.socket.onClose = () => reject(new Error("the server closed a connection that joins rooms"));
    client.heard = {
      message() {},
      response(_id, error) {
        if (error !== undefined) reject(new Error(error));
        else if (--left === 0) resolve();
      },
    };
    rooms.forEach((room, i) => {
      client.socket.send(join(i + 1, room));
    });
  });
}

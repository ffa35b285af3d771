import ts from "typescript";
import { lineOf, parse, type SourceFile } from "./source-file.ts";

type Place = "name" | "comment";

interface UnclearWord {
  /** Matches the word, which is in lower case. */
  readonly word: RegExp;
  readonly places: readonly Place[];
  /** Files in which the word is refused; all where it is left out. */
  readonly files?: RegExp;
  readonly advice: string;
}

const BOTH: readonly Place[] = ["name", "comment"];

/**
 * Files that know nothing of chat. In three places of the gateway a room is one of Socket.IO, whose name is the same.
 */
const WITHOUT_CHAT = new RegExp(
  [
    "^(infra|cloudflared|test/(slow/)?(infra|cloudflared))/",
    "^backend/(auth|contract|mail|nodes|store|surface|text|throttle)/",
    "^backend/(page|client)/[^/]+$",
    "^backend/gateway/(?!namespaces/|sockets/(subscriptions|local-sockets)\\.ts$)",
    "^[^/]+$",
  ].join("|"),
);
/** Files that are not about alphabets. */
const WITHOUT_ALPHABETS = /^(?!infra\/rules\/|test\/infra\/rules\/|backend\/text\/)/;

const UNCLEAR_WORDS: readonly UnclearWord[] = [
  {
    word: /^(somebody|nobody|whoever|whom)$/,
    places: BOTH,
    advice: "say who: the client, the caller, another user, no user",
  },
  { word: /^letters?$/, places: ["name"], files: WITHOUT_ALPHABETS, advice: "say mail, packet or character" },
  { word: /^deeds?$/, places: BOTH, advice: "say action" },
  {
    word: /^rooms?$/,
    places: BOTH,
    files: WITHOUT_CHAT,
    advice: "say folder, channel or maximum; a room is a chat room",
  },
];

/** A word of a text: a part of a name such as `maxFrameBytes` or `MAX_FRAMES` is one too. */
const WORD = /\p{Lu}?\p{Ll}+|\p{Lu}+(?!\p{Ll})/gu;

/**
 * One message for each unclear word in a name or a comment. All parts of a name are searched. Strings are not.
 */
export function unclearWords(file: SourceFile): readonly string[] {
  const tree = parse(file);
  const words = UNCLEAR_WORDS.filter(({ files }) => files === undefined || files.test(file.path));
  const found: string[] = [];
  const look = (place: Place, start: number, end: number): void => {
    for (const { 0: match, index } of file.text.slice(start, end).matchAll(WORD)) {
      const unclear = words.find(({ word, places }) => places.includes(place) && word.test(match.toLowerCase()));
      if (unclear === undefined) continue;
      found.push(`${file.path}:${lineOf(tree, start + index)}: "${match}" in a ${place}: ${unclear.advice}`);
    }
  };
  for (const token of tokensOf(tree)) {
    const start = token.getStart(tree);
    // between two tokens there are only white space and comments
    look("comment", token.getFullStart(), start);
    if (ts.isIdentifier(token) || ts.isPrivateIdentifier(token)) look("name", start, token.end);
  }
  return found;
}

/** The tokens of a file in their order: a token is a node without children, such as a name or a bracket. */
function* tokensOf(tree: ts.SourceFile): Generator<ts.Node> {
  const waiting: ts.Node[] = [tree];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    const children = node.getChildren(tree).filter((child) => !ts.isJSDoc(child));
    if (children.length > 0) waiting.push(...children.reverse());
    else if (!ts.isJSDoc(node)) yield node;
  }
}

/**
 * Message text with a little markup.
 *
 * The text is parsed to tokens and each token becomes an element made here: no HTML of an author's ever reaches the
 * page, and what is not in the table stays the text it was.
 */
import type { Token, Tokens } from "marked";
import { Marked } from "marked";
import type { JSX } from "solid-js";
import { createSignal, For, Show } from "solid-js";

export interface MarkdownProps {
  text: string;
  /** Whether `name` is somebody who can be mentioned. */
  isName: (name: string) => boolean;
  /** The reader's own username. */
  me: string;
}

const parser = new Marked({
  gfm: true,
  breaks: true,
  extensions: [
    {
      name: "spoiler",
      level: "inline",
      start: (source) => source.indexOf("||"),
      tokenizer(source) {
        const found = /^\|\|(?=\S)([\s\S]*?\S)\|\|/.exec(source);
        if (!found) return undefined;
        return { type: "spoiler", raw: found[0], tokens: this.lexer.inlineTokens(found[1] ?? "") };
      },
    },
  ],
});

/** Nested deeper than this is shown as it was written. */
const DEEPEST = 8;

const SAFE_LINK = /^(https?:|mailto:)/i;

/** Parse a message; text on which the parser gives up (nested a thousand times) is one plain paragraph. */
export function parse(text: string): Token[] {
  try {
    return parser.lexer(text);
  } catch {
    return [{ type: "paragraph", raw: text, text, tokens: [{ type: "text", raw: text, text }] }];
  }
}

export function Markdown(props: MarkdownProps): JSX.Element {
  const context = (): Context => ({ isName: props.isName, me: props.me, depth: 0 });
  return <div class="markdown">{blocks(parse(props.text), context())}</div>;
}

interface Context extends Pick<MarkdownProps, "isName" | "me"> {
  depth: number;
}

/** Elements for a container's content, or its source when it is too deep. */
function inside(
  token: Token,
  context: Context,
  render: (tokens: Token[], context: Context) => JSX.Element,
): JSX.Element {
  if (context.depth >= DEEPEST) return token.raw;
  return render("tokens" in token ? (token.tokens ?? []) : [], { ...context, depth: context.depth + 1 });
}

function blocks(tokens: Token[], context: Context): JSX.Element {
  return <For each={tokens}>{(token) => block(token, context)}</For>;
}

function block(token: Token, context: Context): JSX.Element {
  switch (token.type) {
    case "space":
      return null;
    case "paragraph":
      return <p>{inlines(token.tokens ?? [], context)}</p>;
    case "text":
      return token.tokens ? inlines(token.tokens, context) : mentions(token.raw, context);
    case "heading":
      return (
        <p class={`heading heading-${Math.min(3, (token as Tokens.Heading).depth)}`}>
          {inlines(token.tokens ?? [], context)}
        </p>
      );
    case "code":
      return (
        <pre>
          <code>{(token as Tokens.Code).text}</code>
        </pre>
      );
    case "blockquote":
      return <blockquote>{inside(token, context, blocks)}</blockquote>;
    case "list":
      return list(token as Tokens.List, context);
    case "hr":
      return <hr />;
    default:
      return <p>{mentions(token.raw, context)}</p>;
  }
}

function list(token: Tokens.List, context: Context): JSX.Element {
  const items = <For each={token.items}>{(item) => <li>{inside(item, context, blocks)}</li>}</For>;
  return token.ordered ? <ol start={token.start === "" ? 1 : token.start}>{items}</ol> : <ul>{items}</ul>;
}

function inlines(tokens: Token[], context: Context): JSX.Element {
  return <For each={tokens}>{(token) => inline(token, context)}</For>;
}

function inline(token: Token, context: Context): JSX.Element {
  switch (token.type) {
    case "strong":
      return <strong>{inside(token, context, inlines)}</strong>;
    case "em":
      return <em>{inside(token, context, inlines)}</em>;
    case "del":
      return <del>{inside(token, context, inlines)}</del>;
    case "codespan":
      return <code>{(token as Tokens.Codespan).text}</code>;
    case "br":
      return <br />;
    case "escape":
      return (token as Tokens.Escape).text;
    case "spoiler":
      return <Spoiler>{inside(token, context, inlines)}</Spoiler>;
    case "link":
      return link(token as Tokens.Link, context);
    case "text":
      return token.tokens ? inlines(token.tokens, context) : mentions(token.raw, context);
    default:
      return token.raw;
  }
}

function link(token: Tokens.Link, context: Context): JSX.Element {
  if (!SAFE_LINK.test(token.href)) return token.raw;
  return (
    <a href={token.href} target="_blank" rel="noopener noreferrer nofollow" title={token.href}>
      {inside(token, context, inlines)}
    </a>
  );
}

/** Text in which @names are lit. */
function mentions(text: string, context: Context): JSX.Element {
  const parts = text.split(/(@[a-z0-9_]{3,32})/i);
  if (parts.length === 1) return text;
  return (
    <For each={parts}>
      {(part) => {
        const name = part.startsWith("@") ? part.slice(1).toLowerCase() : "";
        const isForAll = name === "everyone" || name === "here";
        if (name === "" || !(isForAll || context.isName(name))) return part;
        return <span classList={{ mention: true, "is-me": isForAll || name === context.me }}>{part}</span>;
      }}
    </For>
  );
}

function Spoiler(props: { children: JSX.Element }): JSX.Element {
  const [isOpen, setOpen] = createSignal(false);
  return (
    <Show
      when={isOpen()}
      fallback={
        <button type="button" class="spoiler" aria-label="Spoiler. Show it" onClick={() => setOpen(true)}>
          <span aria-hidden="true">{props.children}</span>
        </button>
      }
    >
      <span class="spoiler is-open">{props.children}</span>
    </Show>
  );
}

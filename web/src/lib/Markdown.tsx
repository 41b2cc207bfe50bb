import { lexer, type Token, type Tokens } from 'marked'
import { Fragment, useMemo, type ReactNode } from 'react'
import { shown } from './words'

/** Markdown, drawn from its parse as elements of ours: no HTML is ever made of it, so tags in it are shown as the text that they are.
 *  Images are not loaded; links go where they say, if that is a page or a mail address. */
export function Markdown({ text, isInline = false }: { text: string; isInline?: boolean }) {
  const tokens = useMemo(() => lexer(shown(text)), [text])
  if (isInline && tokens.every((token) => token.type === 'paragraph'))
    return <bdi>{many(tokens.flatMap((token) => (token as Tokens.Paragraph).tokens))}</bdi>
  return (
    <div className="markdown" dir="auto">
      {many(tokens)}
    </div>
  )
}

const many = (tokens: Token[] | undefined): ReactNode =>
  tokens?.map((token, at) => <Fragment key={at}>{one(token)}</Fragment>)

function one(token: Token): ReactNode {
  switch (token.type) {
    case 'space':
      return null
    case 'heading':
      return heading(token as Tokens.Heading)
    case 'paragraph':
      return <p>{many(token.tokens)}</p>
    case 'blockquote':
      return <blockquote>{many(token.tokens)}</blockquote>
    case 'code':
      return (
        <pre>
          <code>{token.text}</code>
        </pre>
      )
    case 'codespan':
      return <code>{token.text}</code>
    case 'hr':
      return <hr />
    case 'br':
      return <br />
    case 'strong':
      return <strong>{many(token.tokens)}</strong>
    case 'em':
      return <em>{many(token.tokens)}</em>
    case 'del':
      return <del>{many(token.tokens)}</del>
    case 'link':
      return link(token as Tokens.Link)
    case 'image':
      return `${token.text} (${token.href})`
    case 'list':
      return list(token as Tokens.List)
    case 'table':
      return table(token as Tokens.Table)
    case 'text':
      return token.tokens ? many(token.tokens) : token.text
    case 'escape':
      return token.text
    default:
      return token.raw // html, definitions: as they were written
  }
}

/** Headings of guidelines stand below those of the page. */
function heading({ depth, tokens }: Tokens.Heading): ReactNode {
  const Tag = depth === 1 ? 'h3' : depth === 2 ? 'h4' : 'h5'
  return <Tag>{many(tokens)}</Tag>
}

function link({ href, tokens }: Tokens.Link): ReactNode {
  if (!/^(https?:\/\/|mailto:)/i.test(href)) return many(tokens)
  return (
    <a href={href} target="_blank" rel="noreferrer noopener">
      {many(tokens)}
    </a>
  )
}

function list({ ordered, start, items }: Tokens.List): ReactNode {
  const rows = items.map((item, at) => (
    <li key={at}>
      {item.task && <span aria-label={item.checked ? 'done' : 'to do'}>{item.checked ? '☑ ' : '☐ '}</span>}
      {many(item.tokens.filter((token) => token.type !== 'checkbox'))}
    </li>
  ))
  return ordered ? <ol start={start === '' ? 1 : start}>{rows}</ol> : <ul>{rows}</ul>
}

function table({ header, rows }: Tokens.Table): ReactNode {
  return (
    <table>
      <thead>
        <tr>
          {header.map((cell, at) => (
            <th key={at}>{many(cell.tokens)}</th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row, at) => (
          <tr key={at}>
            {row.map((cell, place) => (
              <td key={place}>{many(cell.tokens)}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}
